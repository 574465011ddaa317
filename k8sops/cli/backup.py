"""Backups of etcd: taken, listed, proven, scheduled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.cli.play import play, play_report, request_of, without_question
from k8sops.errors import UsageError

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
    drill: Annotated[bool, typer.Option("--verify", help="Also verify it with a restore drill.")] = False,
    all_clusters: Annotated[
        bool, typer.Option("--all-clusters", help="Back up several clusters; print only failures.")
    ] = False,
) -> int:
    """Back up etcd, with everything that a restore needs."""
    from k8sops.cli.backups import every_cluster

    if all_clusters:
        return every_cluster(inventories, lambda one: _backup(replace(options, inventory=one), to, encrypt_to, drill))
    if inventories:
        raise UsageError("several inventories given", remedy="use --all-clusters for several inventories, -i for one")
    return _backup(options, to, encrypt_to, drill)


def _backup(options: o.PlayOptions, to: list[str] | None, encrypt_to: str, drill: bool) -> int:
    from k8sops.cli.backups import refuse_bad_places
    from k8sops.operations.backup import backing_up, backup_of, proving

    refuse_bad_places(to, encrypt_to)
    request = request_of(options)
    report = play_report(backing_up(request, to, encrypt_to), options, without_question)
    if report.code or not drill or options.check:
        return report.code
    return play(proving(request, backup_of(report.plan)), options, without_question)


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
        raise UsageError("a name and --latest exclude each other", remedy="give one of them")
    if name:
        check_name(name)
    if source:
        from k8sops.cli.backups import drill_here

        return drill_here(options, name, source, identity, tools)
    from k8sops.operations.backup import proving

    return play(proving(request_of(options), name or "latest"), options, without_question)
