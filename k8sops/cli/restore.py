"""etcd restore: etcd as it was in a backup, on every member at once; what is lost by it is shown first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import load_spec, words
from k8sops.cli.play import clusters_name, play, refuse_other_cluster
from k8sops.cli.prompt import CONFIRM, refuse_without_terminal
from k8sops.cli.work import Work, playing
from k8sops.errors import InputError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan
    from k8sops.inventory.spec import ClusterSpec
    from k8sops.verify import Result

PATIENCE = 300
"""Seconds within which the cluster must hold afterwards.

Clients of the API come back to it after pauses of up to a minute, and of another one where what they had seen is no
more (client-go's reflectors): until then kube-proxy and CoreDNS know no new Service.
"""
FILES = ("db", "tar", "json")
"""The manifest comes last: a backup is there when its manifest is."""


def restore(
    options: o.PlayOptions,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The backup, as `etcd list` shows it.")],
    source: o.FromOption = "",
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The age key that decrypts an encrypted copy.")
    ] = None,
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are gone for good.")] = "",
    new_hosts: Annotated[
        bool, typer.Option("--new-hosts", help="The hosts are new and bare: create the cluster of the backup.")
    ] = False,
    unverified: Annotated[str, typer.Option(metavar="NAME", help="The backup that may be used without a drill.")] = "",
    confirm: o.ConfirmOption = "",
    verify: Annotated[bool, typer.Option(help="Test the cluster afterwards.")] = True,
) -> int:
    """Restore etcd from a backup, on every control plane.

    Shows first what will be lost. The old data are kept; `etcd back` switches back to them.
    """
    from k8sops.engine.localfile import write_private
    from k8sops.roles.etcd.backup import check_name
    from k8sops.roles.etcd.copies import place
    from k8sops.roles.etcd.members import refuse_external

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    spec = load_spec(options.inventory)
    refuse_external(spec)
    refuse_other_cluster(confirm, spec.cluster)
    told = {"backup": check_name(name), "without": without, "unverified": unverified}
    limit, playbook = _all_but(spec, words(without)), "etcd-restore-new-hosts" if new_hosts else "etcd-restore"
    request = playing(options, playbook, limit).told(**told)

    def ask(work: Work, found: Plan) -> None:
        if not new_hosts:
            _show_loss(work, found)
        clusters_name(confirm, f"restores {name} in")(work, found)

    def then(work: Work, found: Plan) -> list[Result] | None:
        if not new_hosts:
            _say_the_way_back(work, found)
        if _name_old_nodes(work) or without:
            work.note("Once every node of the cluster is there: k8sops verify")
            return None
        return _verified(work, options) if verify else None

    if not source:
        return play(request, options, ask, first=lambda work, found: _deliver(work, found, name, None, ""), then=then)
    with place(spec, source) as at:
        manifest = at.manifest(name)

        def first(work: Work, found: Plan) -> None:
            with work.progress.showing(f"fetching {name}"):
                at.take(manifest, identity)
            text = manifest.text.replace(f'"encryptedTo": "{manifest.encrypted_to}"', '"encryptedTo": null')
            write_private(at.scratch / f"{name}.json", text)
            _deliver(work, found, name, at.scratch, source)

        return play(request.told(manifest=manifest.text, whence=source), options, ask, first=first, then=then)


def _verified(work: Work, options: o.HostOptions) -> list[Result]:
    """The cluster tested, and the results shown where people read."""
    from k8sops.cli.verify import examine, show

    results = examine(work.spec, PATIENCE, options)
    if options.output is o.Output.table:
        show(results, options.color)
    return results


def back(
    options: o.PlayOptions,
    id: Annotated[str, typer.Argument(metavar="ID", help="The restore to undo, as it was printed.")],
    without: Annotated[str, typer.Option(metavar="HOSTS", help="Control planes that are gone for good.")] = "",
    confirm: o.ConfirmOption = "",
    verify: Annotated[bool, typer.Option(help="Test the cluster afterwards.")] = True,
) -> int:
    """Undo a restore: switch back to the data before it."""
    from k8sops.roles.etcd.members import refuse_external
    from k8sops.roles.etcd.restore import ID

    refuse_without_terminal(bool(confirm) or options.check, CONFIRM)
    spec = load_spec(options.inventory)
    refuse_external(spec)
    refuse_other_cluster(confirm, spec.cluster)
    if not ID.fullmatch(id):
        raise InputError(f"`{id}` is no restore", remedy="it is the end of a name /var/lib/etcd/member-before-…")
    limit = _all_but(spec, words(without))
    request = playing(options, "etcd-back", limit).told(restore=id, without=without)
    ask = clusters_name(confirm, f"undoes restore {id} in")

    def then(work: Work, found: Plan) -> list[Result] | None:
        return _verified(work, options) if verify and not without else None

    return play(request, options, ask, then=then)


def _all_but(spec: ClusterSpec, names: Iterable[str]) -> str:
    """The pattern of all hosts without these; that they are silent is no failure of the run."""
    planes = [host.name for host in spec.control_planes]
    for name in names:
        if name not in planes:
            raise InputError(f"--without {name}: no such control plane", remedy=f"there are: {', '.join(planes)}")
    return ",".join(["all", *(f"!{name}" for name in sorted(names))])


def _holders(found: Plan, name: str) -> dict[str, bool]:
    """The control planes that take part, and whether they have the backup."""
    from k8sops.engine.plan import Outcome

    steps = [step for step in found.steps if step.resource.id == f"backup:{name}"]
    return {step.host: found.outcome(step) is Outcome.HOLDS for step in steps}


def _deliver(work: Work, found: Plan, name: str, folder: Path | None, whence: str) -> None:
    """Every control plane that takes part has the backup's files: from this folder, or from one that has them."""
    from k8sops.engine import transfer

    holders, there = _holders(found, name), work.spec.settings.backup.folder
    giver = next((host for host, has in holders.items() if has), None)
    for host in [one for one, has in holders.items() if not has]:
        for kind in FILES:
            path = f"{there}/{name}.{kind}"
            if folder:
                content = transfer.of_file(folder / f"{name}.{kind}")
            elif giver:
                content = transfer.of_host(work.session.connect(giver), path)
            else:
                raise InputError(f"no control plane has {name} whole", remedy="--from says where it is")
            transfer.put(work.session.connect(host), path, content)
        work.note(f"{name} was brought to {host}, from {whence or giver}")


def _show_loss(work: Work, found: Plan) -> None:
    """What a restore takes away: the revisions and the time since, and objects made since, by kind."""
    from k8sops.report.etcd import age
    from k8sops.roles.etcd.restore import manifest_of, said

    manifest = manifest_of(found.fleet)
    assert manifest, "a plan without a manifest is not asked for"
    now = max((int(said(one, "revision") or 0) for one in found.fleet.facts.values()), default=0)
    taken = manifest.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    ago = age((datetime.now(UTC) - manifest.at).total_seconds())
    work.note(f"\nThe snapshot is {ago} old, of {taken}, revision {manifest.revision}.")
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


COUNT = r"""
kinds=$(kubectl api-resources --verbs=list -o name --request-timeout=10s |
  grep -vE '^(events|leases|endpoints|endpointslices|componentstatuses)([.]|$)|metrics[.]k8s' | paste -sd,)
kubectl get "$kinds" -A --ignore-not-found --request-timeout=30s \
  -o go-template='{{range .items}}{{.kind}} {{.metadata.creationTimestamp}}{{"\n"}}{{end}}'
"""


def _made_since(work: Work, found: Plan, since: str) -> dict[str, int] | None:
    """How many objects of each kind are younger than that; None where the API does not answer."""
    from k8sops.engine.shell import QUERY_SECONDS, envelope, new_mark
    from k8sops.errors import HostError

    name = found.fleet.delegate([host.name for host in found.spec.control_planes])
    if not found.fleet[name].api:
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


def _name_old_nodes(work: Work) -> list[str]:
    """The nodes of the backup that the inventory does not have; their hosts may be gone, so they are not waited for."""
    from k8sops.report.status import ask

    names = {host.name for host in work.spec.hosts}
    old = sorted(row["name"] for row in ask(work.session.connect, work.spec)["nodes"] if row["name"] not in names)
    if old:
        work.note(f"\nNodes of the backup that are not in the inventory: {', '.join(old)}. kubectl delete node NAME")
    return old


def _say_the_way_back(work: Work, found: Plan) -> None:
    from k8sops.roles.etcd.restore import restore_of

    one = restore_of(found.fleet)
    work.note(f"\nThe old data are kept on {', '.join(one.members)}: /var/lib/etcd/member-before-{one.id}")
    work.note(f"The way back: k8sops etcd back {one.id}")
