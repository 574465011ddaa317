"""etcd as it was in a backup, on every member at once; what is lost by it is shown first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from k8sops.engine import transfer
from k8sops.engine.localfile import write_private
from k8sops.engine.plan import Outcome, Plan
from k8sops.engine.shell import QUERY_SECONDS, envelope, new_mark
from k8sops.engine.summary import age
from k8sops.errors import HostError, InputError
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.operations.work import Work
from k8sops.roles.etcd.backup import check_name
from k8sops.roles.etcd.copies import place
from k8sops.roles.etcd.members import refuse_external
from k8sops.roles.etcd.restore import ID, manifest_of, restore_of, said

FILES = ("db", "tar", "json")
"""The manifest comes last: a backup is there when its manifest is."""


@contextmanager
def restoring(
    request: Request,
    name: str,
    *,
    source: str = "",
    identity: Path | None = None,
    without: Set[str] = frozenset(),
    new_hosts: bool = False,
    unverified: str = "",
) -> Iterator[Operation]:
    """etcd on every control plane, restored from the backup of this name; the operation is valid within the context.

    `source`: where the backup is, if not on control planes; `identity`: the age key that decrypts it. `without`:
    control planes that are gone for good. `new_hosts`: the hosts are bare, and the cluster of the backup is created.
    `unverified`: the backup, again, where it may be used without a drill.
    """
    spec = load_spec(request.inventory)
    refuse_external(spec)
    parameters = {"backup": check_name(name), "without": ",".join(sorted(without)), "unverified": unverified}
    playbook = "etcd-restore-new-hosts" if new_hosts else "etcd-restore"
    request = request.playing(playbook, _all_but(spec, without), **parameters)
    consequence = f"restores {name} in"
    warn, then = (_no_loss, _no_loss) if new_hosts else (_show_loss, _say_the_way_back)
    if not source:
        yield Operation(request, consequence, warn=warn, before=partial(_deliver, name=name), then=then)
        return
    with place(spec, source) as at:
        manifest = at.manifest(name)

        def deliver(work: Work, plan: Plan) -> None:
            with work.view.showing(f"fetching {name}"):
                at.take(manifest, identity)
            text = manifest.text.replace(f'"encryptedTo": "{manifest.encrypted_to}"', '"encryptedTo": null')
            write_private(at.scratch / f"{name}.json", text)
            _deliver(work, plan, name, at.scratch, source)

        request = request.with_parameters(manifest=manifest.text, whence=source)
        yield Operation(request, consequence, warn=warn, before=deliver, then=then)


def undoing(request: Request, id: str, *, without: Set[str] = frozenset()) -> Operation:
    """etcd on every control plane, switched back to the data before the restore of this id."""
    spec = load_spec(request.inventory)
    refuse_external(spec)
    if not ID.fullmatch(id):
        raise InputError(f"invalid restore id `{id}`", remedy="it is the end of a name /var/lib/etcd/member-before-…")
    parameters = {"restore": id, "without": ",".join(sorted(without))}
    request = request.playing("etcd-rollback", _all_but(spec, without), **parameters)
    return Operation(request, f"undoes restore {id} in")


def _no_loss(work: Work, plan: Plan) -> None:
    """A cluster that does not exist yet loses nothing, and has no way back."""


def _all_but(spec: ClusterSpec, names: Iterable[str]) -> str:
    """The pattern of all hosts without these; that they are silent is no failure of the run."""
    planes = [host.name for host in spec.control_planes]
    for name in names:
        if name not in planes:
            raise InputError(f"--without {name}: no such control plane", remedy=f"there are: {', '.join(planes)}")
    return ",".join(["all", *(f"!{name}" for name in sorted(names))])


def _holders(plan: Plan, name: str) -> dict[str, bool]:
    """The control planes that take part, and whether they have the backup."""
    steps = [step for step in plan.steps if step.resource.id == f"backup:{name}"]
    return {step.host: plan.outcome(step) is Outcome.HOLDS for step in steps}


def _deliver(work: Work, plan: Plan, name: str, folder: Path | None = None, whence: str = "") -> None:
    """Every control plane that takes part has the backup's files: from this folder, or from one that has them."""
    holders, there = _holders(plan, name), work.spec.settings.backup.folder
    giver = next((host for host, has in holders.items() if has), None)
    for host in [one for one, has in holders.items() if not has]:
        for kind in FILES:
            path = f"{there}/{name}.{kind}"
            if folder:
                content = transfer.of_file(folder / f"{name}.{kind}")
            elif giver:
                content = transfer.of_host(work.session.connect(giver), path)
            else:
                raise InputError(
                    f"no control plane has a complete copy of {name}", remedy="use --from to say where it is"
                )
            transfer.put(work.session.connect(host), path, content)
        work.view.note(f"copied {name} to {host} from {whence or giver}")


def _show_loss(work: Work, plan: Plan) -> None:
    """What a restore takes away: the revisions and the time since, and objects made since, by kind."""
    manifest = manifest_of(plan.fleet)
    assert manifest, "a plan without a manifest is never confirmed"
    now = max((int(said(one, "revision") or 0) for one in plan.fleet.facts.values()), default=0)
    taken = manifest.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    ago = age((datetime.now(UTC) - manifest.at).total_seconds())
    work.view.note(f"\nThe snapshot was taken {ago} ago ({taken}), at revision {manifest.revision}.")
    if now:
        work.view.note(f"etcd is at revision {now}: everything written since will be lost.")
    else:
        work.view.note("The revision of etcd is unknown: everything written since the snapshot will be lost.")
    made = _made_since(work, plan, taken)
    if made is None:
        work.view.note("The API is unreachable: objects created since then cannot be counted.")
    else:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(made.items()))
        work.view.note(f"Objects created since then, which will be lost: {listed or 'none'}.")


COUNT = r"""
kinds=$(kubectl api-resources --verbs=list -o name --request-timeout=10s |
  grep -vE '^(events|leases|endpoints|endpointslices|componentstatuses)([.]|$)|metrics[.]k8s' | paste -sd,)
kubectl get "$kinds" -A --ignore-not-found --request-timeout=30s \
  -o go-template='{{range .items}}{{.kind}} {{.metadata.creationTimestamp}}{{"\n"}}{{end}}'
"""


def _made_since(work: Work, plan: Plan, since: str) -> dict[str, int] | None:
    """How many objects of each kind are younger than that; None where the API does not answer."""
    name = plan.fleet.delegate([host.name for host in plan.spec.control_planes])
    if not plan.fleet[name].api:
        return None
    try:
        result = work.session.connect(name).run(envelope(new_mark(), [COUNT]), timeout=QUERY_SECONDS)
    except HostError:
        return None
    counts: dict[str, int] = {}
    for kind, _, made in (line.partition(" ") for line in result.out.splitlines() if line.strip()):
        # Times of the API are in UTC, to the second: they sort as text does.
        if made > since:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _say_the_way_back(work: Work, plan: Plan) -> None:

    one = restore_of(plan.fleet)
    work.view.note(f"\nThe old data is kept on {', '.join(one.members)}: /var/lib/etcd/member-before-{one.id}")
    work.view.note(f"To undo: k8sops etcd rollback {one.id}")
