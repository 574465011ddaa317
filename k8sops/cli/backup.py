"""Backups of etcd: taken, listed, proven, scheduled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.cli.play import play
from k8sops.cli.work import Work, playing
from k8sops.errors import UsageError

if TYPE_CHECKING:
    from k8sops.engine.plan import Plan

ToOption = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="DIR|s3://…|ssh://…", help="Where to copy the backup (repeatable). Default: backup.to"
    ),
]
EncryptOption = Annotated[str, typer.Option(metavar="age1…", help="Encrypt copies to this age recipient.")]


def backup(
    options: o.PlayOptions,
    inventories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[INVENTORY]...", help="With --all-clusters: the inventories.", show_default=False),
    ] = None,
    to: ToOption = None,
    encrypt_to: EncryptOption = "",
    drill: Annotated[bool, typer.Option("--verify", help="Also prove it by a drill.")] = False,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Back up several clusters; print only failures.")
    ] = False,
) -> int:
    """Back up etcd, with everything that a restore needs."""
    from k8sops.cli.backups import every_cluster

    if all_clusters:
        return every_cluster(inventories, lambda one: _backup(replace(options, inventory=one), to, encrypt_to, drill))
    if inventories:
        raise UsageError("several inventories are named", remedy="--all-clusters takes them; -i names one")
    return _backup(options, to, encrypt_to, drill)


def _backup(options: o.PlayOptions, to: list[str] | None, encrypt_to: str, drill: bool) -> int:
    from k8sops.cli.backups import refuse_bad_places
    from k8sops.roles.etcd.copies import pull
    from k8sops.roles.etcd.members import refuse_external

    spec = load_spec(options.inventory)
    refuse_external(spec)
    refuse_bad_places(to, encrypt_to)
    remote = [one for one in to or () if "://" in one]
    folders = [Path(one) for one in to or () if "://" not in one]
    request = playing(options, "etcd-backup")
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

    code = play(request, options, lambda work, found: None, then=keep)
    if code or not drill or options.check:
        return code
    return _drill(options, names[0])


def list_(options: o.HostOptions, source: o.FromOption = "") -> int:
    """List backups with age, size, revision and drill."""
    from k8sops.report.etcd import print_backups
    from k8sops.roles.etcd.backups import list_data, on_hosts
    from k8sops.roles.etcd.copies import elsewhere

    spec = load_spec(options.inventory)
    screen = console(options.color, stderr=options.output is o.Output.json)
    if source:
        found, silent = elsewhere(spec, [source])
    else:
        with connections(spec, ask_password=options.ask_become_pass) as connect:
            found, silent = on_hosts(connect, spec)
        copies, mute = elsewhere(spec, spec.settings.backup.to)
        found, silent = [*found, *copies], {**silent, **mute}
    if options.output is o.Output.json:
        print_json(list_data(spec.cluster, found, silent))
    else:
        print_backups(screen, found, silent)
    return 4 if silent else 0


def verify(
    options: o.PlayOptions,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The backup; default: the newest.", show_default=False)
    ] = "",
    latest: Annotated[bool, typer.Option("--latest", help="The newest backup.")] = False,
    source: o.FromOption = "",
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The age key that decrypts an encrypted copy.")
    ] = None,
    tools: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="With --from: a folder with etcd, etcdctl, etcdutl; default: from a control plane."
        ),
    ] = None,
) -> int:
    """Prove a backup: restore it into a scratch etcd and compare.

    The drill runs on the control plane that has the backup, or with --from on this machine.
    """
    from k8sops.roles.etcd.backup import check_name

    if name and latest:
        raise UsageError("a name and --latest", remedy="one of them")
    if name:
        check_name(name)
    if source:
        from k8sops.cli.backups import drill_here

        return drill_here(options, name, source, identity, tools)
    return _drill(options, name or "latest")


def _drill(options: o.PlayOptions, name: str) -> int:
    from k8sops.roles.etcd.members import refuse_external

    refuse_external(load_spec(options.inventory))
    return play(playing(options, "etcd-verify").told(backup=name), options, lambda work, found: None)
