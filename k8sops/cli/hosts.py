"""status: the cluster at a glance."""

from __future__ import annotations

from k8sops.cli import options as o
from k8sops.cli.common import answer, connections, load_spec


def status(options: o.HostOptions) -> int:
    """Show nodes, control plane, etcd, certificates and backups."""
    from k8sops.report.status import ask, print_status

    spec = load_spec(options.inventory)
    with connections(spec, ask_password=options.ask_become_pass) as connect:
        found = ask(connect, spec)
    return answer(found, options, print_status)
