"""Backups of etcd: taken, listed, proven, scheduled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.cli.play import How, play
from k8sops.cli.work import Work, make_request
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.plan import Plan

ToOption = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="DIR|s3://…|ssh://…", help="Where a copy goes; again for more. Default: backup.to"),
]
EncryptOption = Annotated[
    str, typer.Option(metavar="age1…", help="The recipient that what leaves the host is encrypted to.")
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="DIR|s3://…|ssh://…", help="Another place than the control planes.")
]


def backup(
    inventories: Annotated[
        list[Path] | None, typer.Argument(help="With --all-clusters: the inventories.", show_default=False)
    ] = None,
    to: ToOption = None,
    encrypt_to: EncryptOption = "",
    drill: Annotated[bool, typer.Option("--verify", help="Restore it beside the cluster and compare, too.")] = False,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Several clusters, one after the other; prints only what failed.")
    ] = False,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: o.CheckOption = False,
) -> int:
    """Take a backup of etcd on a healthy control plane, with what a restore needs beside it."""
    from k8sops.cli.backups import every_cluster

    how = How(output, color, wait, check)
    if all_clusters:
        return every_cluster(
            inventories, lambda one: _backup(one, to, encrypt_to, drill, verbose, ask_become_pass, how)
        )
    if inventories:
        raise UsageError("several inventories are named", remedy="--all-clusters takes them; -i names one")
    return _backup(inventory, to, encrypt_to, drill, verbose, ask_become_pass, how)


def _backup(
    inventory: Path, to: list[str] | None, encrypt_to: str, drill: bool, verbose: int, ask_password: bool, how: How
) -> int:
    from k8sops.cli.backups import refuse_bad_places
    from k8sops.etcd.copies import pull
    from k8sops.etcd.members import refuse_external

    spec = load_spec(inventory)
    refuse_external(spec)
    refuse_bad_places(to, encrypt_to)
    remote = [one for one in to or () if "://" in one]
    folders = [Path(one) for one in to or () if "://" not in one]
    request = make_request(inventory, "etcd-backup", "all", "", "", "", 20, verbose, "", ask_password)
    if to is not None:
        request = request.told(to=" ".join(remote))
    if encrypt_to:
        request = request.told(encrypt_to=encrypt_to)
    names: list[str] = []

    def keep(work: Work, found: Plan) -> None:
        told = found.fleet.parameters
        names.append(told["backup"])
        node = next(step.host for step in found.steps)
        recipient = encrypt_to or spec.settings.backup.encrypt_to
        for folder in folders:
            with work.progress.showing(f"copying to {folder}"):
                pull(work.session.connect(node), spec.settings.backup.folder, told["backup"], folder, recipient)
            work.note(f"copied to {folder}")

    code = play(request, how, lambda work, found: None, then=keep)
    if code or not drill or how.check:
        return code
    return _drill(inventory, names[0], verbose, ask_password, how)


def list_(
    source: FromOption = "",
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """All backups, on control planes and elsewhere: age, size, revision, drill."""
    from k8sops.etcd.backups import list_data, on_hosts, print_backups
    from k8sops.etcd.copies import elsewhere

    spec = load_spec(inventory)
    screen = console(color, stderr=output is o.Output.json)
    if source:
        found, silent = elsewhere(spec, [source])
    else:
        with connections(spec, ask_password=ask_become_pass) as connect:
            found, silent = on_hosts(connect, spec)
        copies, mute = elsewhere(spec, spec.settings.backup.to)
        found, silent = [*found, *copies], {**silent, **mute}
    if output is o.Output.json:
        print_json(list_data(spec.cluster, found, silent))
    else:
        print_backups(screen, found, silent)
    return 4 if silent else 0


def verify(
    name: Annotated[str, typer.Argument(help="The backup; default: the newest.", show_default=False)] = "",
    latest: Annotated[bool, typer.Option("--latest", help="The newest backup.")] = False,
    source: FromOption = "",
    identity: Annotated[
        Path | None, typer.Option(help="The key of age that an encrypted copy is decrypted with.")
    ] = None,
    tools: Annotated[
        Path | None,
        typer.Option(help="With --from: a folder with etcd, etcdctl, etcdutl; else a control plane gives them."),
    ] = None,
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    verbose: o.VerboseOption = 0,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
    wait: o.WaitOption = 0,
    check: o.CheckOption = False,
) -> int:
    """Restore a backup in a scratch etcd and compare: on its control plane, or with --from on this machine."""
    from k8sops.etcd.backup import check_name

    if name and latest:
        raise UsageError("a name and --latest", remedy="one of them")
    if name:
        check_name(name)
    if source:
        from k8sops.cli.backups import drill_here

        return drill_here(inventory, name, source, identity, tools, ask_become_pass, console(color))
    return _drill(inventory, name or "latest", verbose, ask_become_pass, How(output, color, wait, check))


def _drill(inventory: Path, name: str, verbose: int, ask_password: bool, how: How) -> int:
    from k8sops.etcd.members import refuse_external

    refuse_external(load_spec(inventory))
    request = make_request(inventory, "etcd-verify", "all", "", "", "", 20, verbose, "", ask_password)
    return play(request.told(backup=name), how, lambda work, found: None)
