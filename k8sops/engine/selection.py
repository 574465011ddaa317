"""What a user selected is there: hosts, tasks and resources. A selection that matches nothing is an error with the
nearest names, for "no changes" would be said of hosts and resources that nobody looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from k8sops.engine.facts import Fleet
from k8sops.engine.findings import KINDS
from k8sops.engine.plan import Filters, make_steps
from k8sops.engine.playbook import Playbook
from k8sops.engine.questions import check_parameters, parameters_of
from k8sops.errors import SHOWN, InputError
from k8sops.inventory.patterns import select
from k8sops.inventory.spec import ClusterSpec


def check_filters(spec: ClusterSpec, playbook: Playbook, filters: Filters) -> None:
    """Hosts, tags and parameters that were named exist, and something is left of them; before any host is asked."""
    if not select(spec, filters.limit):
        raise InputError(f"no host matches --limit {filters.limit}", remedy=f"hosts: {_shown(_hosts(spec))}")
    if not filters.tags | filters.skip_tags | filters.parameters.keys():
        return
    known = {*playbook.tasks, *(tag for play in playbook.plays for tag in play.tags)}
    for word in sorted((filters.tags | filters.skip_tags) - known):
        raise InputError(f"no task or tag `{word}` in playbook {playbook.name}", remedy=_hint(word, known, "tasks"))
    if not any(filters.takes(play, task) for play in playbook.plays for task in play.tasks):
        given = {"--tags": filters.tags, "--skip-tags": filters.skip_tags}
        words = " ".join(f"{option} {','.join(sorted(value))}" for option, value in given.items() if value)
        raise InputError(f"{words} leaves no task", remedy=f"tasks: {', '.join(sorted(known))}")
    names = parameters_of(playbook)
    for word in sorted(filters.parameters.keys() - names.keys()):
        hint = _hint(word, names, "parameters") if names else "it takes no parameters"
        raise InputError(f"playbook {playbook.name} has no parameter `{word}`", remedy=hint)
    check_parameters(spec, playbook, filters)


def check_ignored(names: Iterable[str]) -> None:
    """A name to ignore is not a misspelt one of the catalogue, which would ignore nothing. A task of the user's own may
    report findings that the catalogue does not know."""
    known = {kind.name.lower(): kind.name for kind in KINDS}
    for name in sorted(names):
        if name.lower() == "all" or any(fnmatchcase(name.lower(), pattern) for pattern in known):
            continue
        if near := get_close_matches(name.lower(), known, 1, cutoff=0.8):
            raise InputError(
                f"unknown finding `{name}`", remedy=f"did you mean `{known[near[0]]}`? (docs/findings.md)"
            )


def check_picks(
    spec: ClusterSpec, playbook: Playbook, fleet: Fleet, filters: Filters, silent: Mapping[str, str]
) -> None:
    """Every pattern of --pick matches a resource of this plan. Nothing is said where no host answered."""
    if not filters.picks or not fleet.there:
        return
    ids = {step.resource.id for step in make_steps(spec, playbook, fleet, replace(filters, picks=frozenset()))}
    for pick in sorted(filters.picks):
        if any(fnmatchcase(id, pick) for id in ids):
            continue
        where = f"; {', '.join(silent)} could not be reached" if silent else ""
        raise InputError(f"--pick {pick} matches no resource of this plan{where}", remedy=_hint(pick, ids, "resources"))


def _hint(word: str, names: Iterable[str], what: str) -> str:
    """`did you mean …?`, or the names where none is near. A resource is also found by the end of its id."""
    known = sorted(names)
    near = get_close_matches(word, known, 3)
    bare = word.strip("*?")
    near = near or [name for name in known if len(bare) > 2 and bare in name][:3]
    near = near or [name for name in known if get_close_matches(word, [name.rpartition(":")[2]], 1)][:3]
    return f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else f"{what}: {_shown(known)}"


def _shown(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(known[:SHOWN]) + more


def _hosts(spec: ClusterSpec) -> list[str]:
    return [host.name for host in spec.hosts]
