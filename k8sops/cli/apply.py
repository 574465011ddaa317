"""plan, apply, check: what would change, the same asked for and done, and whether anything would."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_named_playbook, load_spec, print_json, who, words
from k8sops.errors import Cancelled, InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from k8sops.journal import Event, Journal
    from k8sops.plan import Filters, Plan
    from k8sops.runner import Done
    from k8sops.survey import Session

PENDING = 2
"""Exit code of `check`, and of `plan --detailed-exitcode`, when something would change."""


def plan(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = True,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit 2 when something would change.")] = False,
) -> int:
    """Show every change on every host; change nothing."""
    found = _look(**_common(locals()))
    code = _show(console(color), found, output, diffs=diff)
    return code or (PENDING if detailed_exitcode and found.changes else 0)


def check(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = False,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Report what has drifted from the inventory; exit 2 when something has. Changes nothing."""
    found = _look(**_common(locals()))
    code = _show(console(color), found, output, diffs=diff)
    return code or (PENDING if found.changes else 0)


def apply(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    playbook: o.PlaybookOption = "site",
    limit: o.LimitOption = "all",
    tags: o.TagsOption = "",
    skip_tags: o.SkipTagsOption = "",
    forks: o.ForksOption = 20,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    diff: o.DiffOption = False,
    ignore_preflight_errors: o.IgnoreOption = "",
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    yes: o.YesOption = False,
    check: Annotated[bool, typer.Option("--check", "-C", help="Only show, as `plan` does.")] = False,
) -> int:
    """Show every change on every host, ask, and make exactly those changes."""
    from k8sops.report import done_data, print_done

    if not yes and not check and not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="--yes applies without asking, --check only shows")
    screen = console(color, stderr=output is o.Output.json)
    with _working(screen, **_common(locals())) as work:
        found = work.look()
        code = _show(screen, found, o.Output.table, diffs=diff)
        if code or check:
            return code
        if found.changes:
            if not yes and typer.prompt("\nApply this? (yes/no)", default="no") != "yes":
                raise Cancelled("nothing was changed")
            done = work.run(found)
            print_done(screen, done, everything=bool(verbose))
        else:
            done = work.nothing(found)
        _fetch(screen, work.session, found, done)
        code = _code(done)
        work.end(code, done)
        if output is o.Output.json:
            print_json(done_data(done, work.journal.run))
        elif found.changes:
            screen.print(f"k8sops runs show {work.journal.run}", style="dim", highlight=False)
        return code


def _common(given: dict[str, object]) -> dict[str, object]:
    """The arguments that all three commands hand on."""
    names = ("inventory", "playbook", "limit", "tags", "skip_tags", "forks", "verbose", "ignore_preflight_errors")
    return {name: given[name] for name in (*names, "ask_become_pass")}


def _look(**given: object) -> Plan:
    with _working(console(stderr=True), **given) as work:
        return work.look()


class _working:
    """Inventory, connections, journal and progress of one command; all closed in the end."""

    def __init__(self, screen: Console, **given: object) -> None:
        self.screen, self.given = screen, given

    def __enter__(self) -> _working:
        from k8sops.journal import Journal, state_dir, usual_seconds
        from k8sops.kubeadm import token
        from k8sops.plan import Filters, tasks_of
        from k8sops.report import Progress
        from k8sops.survey import Session

        given = self.given
        self.spec = load_spec(given["inventory"])  # type: ignore[arg-type]
        self.playbook = load_named_playbook(str(given["playbook"]))
        self.filters = Filters(str(given["limit"]), words(str(given["tags"])), words(str(given["skip_tags"])))
        self._check_words(tasks_of(self.playbook), self.filters)
        folder = state_dir() / "runs"
        self.since = time.time()
        self.journal: Journal = Journal(folder, [token()[1]])
        self.progress = Progress(self.screen, usual_seconds(folder), verbose=int(str(given["verbose"])))
        self._connections = connections(self.spec, ask_password=bool(given["ask_become_pass"]))
        connect = self._connections.__enter__()
        self.session = Session(connect, self.emit, int(str(given["forks"])), who())
        self.emit(
            {
                "type": "run.start",
                "run": self.journal.run,
                "cluster": self.spec.cluster,
                "playbook": self.playbook.name,
                "inventory": str(given["inventory"]),
                "who": who(),
            }
        )
        self.progress.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.__exit__(*error)
        self._connections.__exit__(None, None, None)
        self.journal.close()

    def _check_words(self, tasks: Iterable[str], filters: Filters) -> None:
        from k8sops.patterns import select

        select(self.spec, filters.limit)
        known = {*tasks, *(tag for play in self.playbook.plays for tag in play.tags)}
        for word in filters.tags | filters.skip_tags:
            if word not in known:
                raise InputError(f"no task or tag `{word}`", remedy=f"there are: {', '.join(sorted(known))}")

    def emit(self, event: Event) -> None:
        self.progress(self.journal.write(event))

    def look(self) -> Plan:
        from k8sops.survey import make_plan

        waived = words(str(self.given["ignore_preflight_errors"]))
        if self.progress.status:
            self.progress.status.update(f"looking at {len(self.spec.hosts)} hosts")
        found = make_plan(self.session, self.spec, self.playbook, self.filters, waived)
        if self.progress.status:
            self.progress.status.stop()
        return found

    def run(self, found: Plan) -> Done:
        from k8sops.runner import run

        if self.progress.status:
            self.progress.status.start()
        done = run(self.session, found)
        self.progress.__exit__()
        return done

    def nothing(self, found: Plan) -> Done:
        from k8sops.runner import Done, Tally

        return Done({name: Tally() for name in found.fleet.facts}, fleet=found.fleet)

    def end(self, code: int, done: Done) -> None:
        recap = {name: vars(tally) for name, tally in done.tallies.items()}
        self.emit({"type": "recap", "hosts": recap})
        self.emit({"type": "run.end", "code": code, "seconds": round(time.time() - self.since, 1)})


def _show(screen: Console, found: Plan, output: o.Output, *, diffs: bool) -> int:
    """Prints a plan; the exit code when it cannot be applied."""
    from k8sops import report

    if output is o.Output.json:
        print_json(report.plan_data(found))
    else:
        screen.print(
            f"Cluster {found.spec.cluster}, Kubernetes {found.spec.version}, playbook {found.playbook.name}",
            highlight=False,
        )
        report.print_unreachable(screen, found.unreachable)
        report.print_plan(screen, found, diffs=diffs)
        report.print_findings(screen, found)
        screen.print(f"\n[bold]{report.summary(found)}[/bold]", highlight=False)
    if not found.fleet.facts or len(found.unreachable) == len(found.spec.hosts):
        return 4
    if found.broken:
        return 3
    if found.findings:
        names = ",".join(sorted({one.name for one in found.findings}))
        screen.print(
            f"not fit: mend it, or waive by name with --ignore-preflight-errors={names}", style="red", highlight=False
        )
        return 6
    return 4 if found.unreachable else 0


def _code(done: Done) -> int:
    if any(tally.unreachable for tally in done.tallies.values()):
        return 4
    return 3 if done.failures or done.still else 0


def _fetch(screen: Console, session: Session, found: Plan, done: Done) -> None:
    """The operator's kubectl has a context for the cluster; nothing is asked of a host when it has."""
    from k8sops import kubeconfig

    name = done.fleet.delegate([host.name for host in found.spec.control_planes])
    digest, path = done.fleet[name].admin_conf, kubeconfig.default_path()
    if not done.fleet[name].initialised or kubeconfig.holds(path, found.spec, digest):
        return
    kubeconfig.write(path, found.spec, kubeconfig.fetch(session.connect(name)), digest)
    screen.print(f"context {kubeconfig.context_name(found.spec)} is in {path}", highlight=False)
