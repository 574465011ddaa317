"""version: k8sops itself, and the components of each host."""

from __future__ import annotations

import platform
from typing import Annotated, Any

import typer

from k8sops import __version__
from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json
from k8sops.errors import InputError, UnreachableError


def print_version(wanted: bool) -> None:
    """For `k8sops --version`: one line, as other programs print it."""
    if wanted:
        print(f"k8sops {__version__}")
        raise typer.Exit


def version(
    options: o.HostOptions,
    hosts: Annotated[bool, typer.Option("--hosts", help="Also the components of each host.")] = False,
    limit: o.LimitOption = "all",
    forks: o.ForksOption = 20,
) -> int:
    """Show the version of k8sops, and of each host's components.

    With --hosts: kubelet, kubeadm, kubectl, containerd, docker, kernel and operating system of every host.
    """
    from k8sops.engine.documents import document
    from k8sops.inventory.releases import RELEASES

    minors = list(RELEASES)
    client = {"k8sops": __version__, "python": platform.python_version(), "kubernetes": minors}
    rows, unreachable = _hosts(options, limit, forks) if hosts else ([], {})
    if options.output is o.Output.json:
        more = {"hosts": rows, "unreachable": unreachable} if hosts else {}
        print_json(document("Version", {"client": client, **more}))
    else:
        print(f"k8sops {__version__} (Python {client['python']}), for Kubernetes {minors[0]} to {minors[-1]}")
        if hosts:
            _print(options, rows, unreachable)
    return UnreachableError.exit_code if unreachable else 0


def _hosts(options: o.HostOptions, limit: str, forks: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    from k8sops.engine.session import Session
    from k8sops.inventory.patterns import select
    from k8sops.report.components import gather

    spec = load_spec(options.inventory)
    names = [host.name for host in select(spec, limit)]
    if not names:
        raise InputError(f"no host matches --limit {limit}")
    with connections(spec, ask_password=options.ask_become_pass, dial=names, forks=forks) as connect:
        rows, unreachable = gather(Session(connect, lambda event: None, forks), spec, names)
    return rows, dict(unreachable)


def _print(options: o.HostOptions, rows: list[dict[str, Any]], unreachable: dict[str, str]) -> None:
    from k8sops.report.components import NAMES
    from k8sops.report.terminal import print_unreachable, table

    screen = console(options.color)
    print()
    title = ("HOST", *(name.upper() for name in NAMES))
    table(screen, title, [(row["name"], *(row[name] or "-" for name in NAMES)) for row in rows])
    print_unreachable(screen, unreachable)
