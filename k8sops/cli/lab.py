"""lab up, down, status, ssh: throw-away hosts on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from k8sops.cli import options as o
from k8sops.cli.common import console, print_json, words
from k8sops.cli.group import Group
from k8sops.errors import UsageError

app = typer.Typer(cls=Group, help="Throw-away hosts on this machine.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="The lab's name.")]
DEFAULT_VERSION = "1.36.3"


def _say(text: str) -> None:
    # On a terminal, what is being done may stand in the line: it is written over.
    print(f"\r\x1b[K{text}" if sys.stdout.isatty() else text, flush=True)


@app.command()
def up(
    name: NameArgument = "demo",
    control_planes: Annotated[int, typer.Option(min=1, max=5, metavar="N", help="How many control planes.")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=50, metavar="N", help="How many workers.")] = 2,
    kubernetes: Annotated[str, typer.Option(metavar="VERSION", help="The Kubernetes version.")] = DEFAULT_VERSION,
    flannel_backend: Annotated[str, typer.Option(metavar="NAME", help="vxlan or host-gw.")] = "vxlan",
    docker: Annotated[str, typer.Option(help="Hosts whose runtime is docker, comma-separated.", metavar="HOSTS")] = "",
    upstream: Annotated[bool, typer.Option("--upstream", help="Use the upstream repositories, or fail.")] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="Use the mirror that is built from source.")] = False,
    bare: Annotated[bool, typer.Option("--bare", help="Create hosts only, with no source of Kubernetes.")] = False,
    inventory: Annotated[Path | None, typer.Option(metavar="FILE", help="The inventory to write.")] = None,
    kubectl: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Put kubectl of this version into this folder.")
    ] = None,
) -> None:
    """Create bare hosts, and an inventory for them.

    The hosts are containers with systemd and sshd. They get Kubernetes from the upstream repositories where this
    machine reaches them, else from a mirror that is built from source, which takes minutes the first time.
    `k8sops lab down` removes the hosts, and keeps what was built.
    """
    from k8sops.lab import hosts
    from k8sops.lab.engine import ensure_engine
    from k8sops.lab.image import ensure_image
    from k8sops.lab.inventory import inventory as text_of
    from k8sops.lab.inventory import write_inventory
    from k8sops.lab.machine import alone, labs_dir, need, taking
    from k8sops.lab.mirror import ensure_mirror
    from k8sops.lab.source import Source, link_kubectl, resolve, source_of
    from k8sops.lab.upstream import ensure_kubectl

    asked = source_of({Source.upstream: upstream, Source.mirror: mirror, Source.bare: bare})
    if kubectl and asked is Source.bare:
        raise UsageError("--kubectl needs a source of Kubernetes, and --bare has none")
    source = resolve(asked, kubernetes, words(docker), _say)
    names = hosts.names_of(control_planes, workers)
    with alone(_say):
        need(_say, ssh="openssh-client", ssh_keygen="openssh-client")
        ensure_engine(_say)
        image = ensure_image(_say)
        built = ensure_mirror([kubernetes], _say) if source is Source.mirror else None
        if kubectl:
            link_kubectl(kubectl, built.programs if built else ensure_kubectl(kubernetes, _say))
        with taking(_say, f"starting {len(names)} hosts"):
            lab = hosts.up(name, names, image, built.container if built else None, _say)
            hosts.wait_for_ssh(lab)
    path = inventory or labs_dir() / name / "inventory.yaml"
    cgroup_v1 = not Path("/sys/fs/cgroup/cgroup.controllers").exists()
    write_inventory(
        path, text_of(lab, kubernetes, built, cgroup_v1=cgroup_v1, backend=flannel_backend, docker=words(docker))
    )
    _say(f"lab {name}: {', '.join(f'{host.name} {host.address}' for host in lab.hosts)}")
    _say(f"inventory: {path}")
    _say(f"next: k8sops plan -i {path}")


@app.command()
def down(
    name: NameArgument = "demo",
    everything: Annotated[bool, typer.Option("--all", help="Remove all labs, the mirror and the images.")] = False,
) -> None:
    """Remove a lab and everything that belongs to it."""
    from k8sops.lab import hosts
    from k8sops.lab.engine import answers
    from k8sops.lab.machine import alone, labs_dir
    from k8sops.lab.mirror import remove_mirror

    if not answers():
        _say("Docker is not running, so there is no lab")
        return
    with alone(_say):
        folders = labs_dir().iterdir() if labs_dir().exists() else []
        names = {lab for lab, _ in hosts.all_hosts()} | {folder.name for folder in folders} if everything else {name}
        for one in sorted(names):
            hosts.down(one, _say)
        if everything:
            remove_mirror(_say)


@app.command()
def status(output: o.OutputOption = o.Output.table) -> None:
    """List the hosts of all labs."""
    from k8sops.engine.documents import document
    from k8sops.lab import hosts
    from k8sops.lab.engine import answers
    from k8sops.report.terminal import table

    found = hosts.all_hosts() if answers() else []
    if output is o.Output.json:
        items = [{"lab": lab, "host": h.name, "address": h.address, "running": h.running} for lab, h in found]
        print_json(document("LabHostList", {"items": items}))
        return
    rows = [(lab, host.name, host.address, "running" if host.running else "stopped") for lab, host in found]
    table(console(), ("LAB", "HOST", "ADDRESS", "STATE"), rows)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ssh(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="A host of the lab.")],
    lab: Annotated[str, typer.Option(help="The lab's name.")] = "demo",
) -> None:
    """Log in to a lab host, or run a command on it."""
    from k8sops.lab import hosts
    from k8sops.lab.engine import answers

    if not answers():
        raise UsageError("Docker is not running, so there is no lab", remedy="k8sops lab up")
    argv = hosts.ssh_argv(lab, host, *context.args)
    os.execvp(argv[0], argv)
