"""etcd restore: etcd as it was in a backup, on every member at once; what is lost by it is shown first."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import load_spec, words
from k8sops.cli.play import How, clusters_name, play, refuse_other_cluster, refuse_silence
from k8sops.cli.work import Work, make_request
from k8sops.errors import InputError, Where

if TYPE_CHECKING:
    from k8sops.plan import Plan
    from k8sops.spec import ClusterSpec

FILES = ("db", "tar", "json")
"""The manifest comes last: a backup is there when its manifest is."""


def restore(
    name: Annotated[str, typer.Argument(help="The backup, as `etcd list` shows it.")],
    source: Annotated[str, typer.Option("--from", metavar="DIR", help="Where the backup is, if not on them.")] = "",
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are gone for good.")] = "",
    unverified: Annotated[str, typer.Option(metavar="NAME", help="The backup that may be used without a drill.")] = "",
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: o.CheckOption = False,
    confirm: o.ConfirmOption = "",
    verify: Annotated[bool, typer.Option(help="Test the cluster afterwards.")] = True,
) -> int:
    """Bring etcd back to a backup, on every control plane; the old data are kept."""
    from k8sops.members import refuse_external

    refuse_silence(bool(confirm) or check, "--confirm CLUSTER says yes, --check only shows")
    spec = load_spec(inventory)
    refuse_external(spec)
    refuse_other_cluster(confirm, spec.cluster)
    told = {"backup": _stem(name), "without": without, "unverified": unverified}
    _refuse_unknown(spec, words(without))
    if source:
        told |= {"manifest": _manifest(Path(source), name), "whence": source}
    request = make_request(inventory, "etcd-restore", "all", "", "", "", 20, verbose, "", ask_become_pass)
    result: list[int] = []

    def ask(work: Work, found: Plan) -> None:
        _show_loss(work, found)
        clusters_name(confirm, f"bring its etcd back to {name}")(work, found)

    def first(work: Work, found: Plan) -> None:
        _deliver(work, found, name, Path(source) if source else None)

    def then(work: Work, found: Plan) -> None:
        _say_the_way_back(work, found)
        if verify and not without:
            from k8sops.cli.verify import verify as run_verify

            result.append(run_verify(inventory, None, output, ask_become_pass, color))

    code = play(request.told(**told), How(output, color, wait, check), ask, first=first, then=then)
    return code or next(iter(result), 0)


def back(
    id: Annotated[str, typer.Argument(help="The restore that is undone, as it was printed.")],
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are gone for good.")] = "",
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: o.CheckOption = False,
    confirm: o.ConfirmOption = "",
) -> int:
    """Undo a restore: etcd's old data take their place again; those of the restore are kept."""
    from k8sops.members import refuse_external
    from k8sops.restore import ID

    refuse_silence(bool(confirm) or check, "--confirm CLUSTER says yes, --check only shows")
    spec = load_spec(inventory)
    refuse_external(spec)
    refuse_other_cluster(confirm, spec.cluster)
    _refuse_unknown(spec, words(without))
    if not ID.fullmatch(id):
        raise InputError(f"`{id}` is no restore", remedy="it is the end of a name /var/lib/etcd/member-before-…")
    request = make_request(inventory, "etcd-back", "all", "", "", "", 20, verbose, "", ask_become_pass)
    ask = clusters_name(confirm, f"bring its etcd back to what it was before the restore {id}")
    return play(request.told(restore=id, without=without), How(output, color, wait, check), ask)


def _stem(name: str) -> str:
    from k8sops.restore import STEM

    if not STEM.fullmatch(name):
        raise InputError(f"`{name}` is no name of a backup", remedy="`k8sops etcd list` shows them")
    return name


def _refuse_unknown(spec: ClusterSpec, names: Iterable[str]) -> None:
    planes = [host.name for host in spec.control_planes]
    for name in names:
        if name not in planes:
            raise InputError(f"--without {name}: no such control plane", remedy=f"there are: {', '.join(planes)}")


def _manifest(folder: Path, name: str) -> str:
    path = folder / f"{name}.json"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=Where(str(path)), remedy="--from DIR says where") from None


def _holders(found: Plan, name: str) -> dict[str, bool]:
    """The control planes that take part, and whether they have the backup."""
    from k8sops.plan import Outcome

    steps = [step for step in found.steps if step.resource.id == f"backup:{name}"]
    return {step.host: found.outcome(step) is Outcome.HOLDS for step in steps}


def _deliver(work: Work, found: Plan, name: str, folder: Path | None) -> None:
    """Every control plane that takes part has the backup's files, from the operator's folder or from one that has."""
    from k8sops import transfer
    from k8sops.restore import FOLDER

    holders = _holders(found, name)
    giver = next((host for host, has in holders.items() if has), None)
    for host in [one for one, has in holders.items() if not has]:
        for kind in FILES:
            path = f"{FOLDER}/{name}.{kind}"
            if folder:
                content = transfer.of_file(folder / f"{name}.{kind}")
            elif giver:
                content = transfer.of_host(work.session.connect(giver), path)
            else:
                raise InputError(f"no control plane has {name} whole", remedy="--from says where it is")
            work.note(f"{name}.{kind} goes to {host}, from {folder or giver}")
            transfer.put(work.session.connect(host), path, content)


def _show_loss(work: Work, found: Plan) -> None:
    """What a restore takes away: the revisions and the time since, and objects made since, by kind."""
    from k8sops.restore import manifest_of, said

    manifest = manifest_of(found.fleet) or {}
    now = max((int(said(one, "revision") or 0) for one in found.fleet.facts.values()), default=0)
    taken = str(manifest.get("startedAt", "?"))
    work.note(f"\nThe snapshot is of {taken} ({_ago(taken)}), revision {manifest.get('revision')}.")
    if now:
        work.note(f"etcd is at revision {now}: all that was written since is lost.")
    else:
        work.note("etcd does not say at which revision it is: all that was written since the snapshot is lost.")
    made = _made_since(work, found, taken)
    if made is None:
        work.note("The API does not answer: what was made since cannot be counted.")
    else:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(made.items()))
        work.note(f"Objects made since, which will be gone: {listed or 'none'}.")


def _ago(at: str) -> str:
    from datetime import UTC, datetime

    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    except ValueError:
        return "at an unknown time"
    return f"{seconds / 3600:.1f} hours ago" if seconds > 5400 else f"{seconds / 60:.0f} minutes ago"


COUNT = r"""
kinds=$(kubectl api-resources --verbs=list -o name --request-timeout=10s |
  grep -vE '^(events|leases|endpoints|endpointslices|componentstatuses)([.]|$)|metrics[.]k8s' | paste -sd,)
kubectl get "$kinds" -A --ignore-not-found --request-timeout=30s \
  -o go-template='{{range .items}}{{.kind}} {{.metadata.creationTimestamp}}{{"\n"}}{{end}}'
"""


def _made_since(work: Work, found: Plan, since: str) -> dict[str, int] | None:
    """How many objects of each kind are younger than that; None where the API does not answer."""
    from k8sops.errors import HostError
    from k8sops.shell import envelope, new_mark

    name = found.fleet.delegate([host.name for host in found.spec.control_planes])
    if not found.fleet[name].api:
        return None
    try:
        result = work.session.connect(name).run(envelope(new_mark(), [COUNT]), timeout=90)
    except HostError:
        return None
    counts: dict[str, int] = {}
    for kind, _, made in (line.partition(" ") for line in result.out.splitlines() if line.strip()):
        # Times of the API are in UTC, to the second: they sort as text does.
        if made > since:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _say_the_way_back(work: Work, found: Plan) -> None:
    from k8sops.restore import restore_of

    one = restore_of(found.fleet)
    work.note(f"\nThe old data are kept on {', '.join(one.members)}: /var/lib/etcd/member-before-{one.id}")
    work.note(f"The way back: k8sops etcd back {one.id}")
    work.session.emit({"type": "restored", "restore": one.id, "at": time.time(), "backup": json.dumps(one.backup)})
