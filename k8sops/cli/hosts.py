"""status: the cluster at a glance."""

from __future__ import annotations

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec, print_json


def status(
    inventory: o.InventoryOption = o.DEFAULT_INVENTORY,
    output: o.OutputOption = o.Output.table,
    ask_become_pass: o.AskPassOption = False,
    color: o.ColorOption = o.Color.auto,
) -> int:
    """Nodes, control plane, etcd, certificates, versions, backup."""
    from k8sops.status import ask, print_status

    spec = load_spec(inventory)
    with connections(spec, ask_password=ask_become_pass) as connect:
        found = ask(connect, spec)
    if output is o.Output.json:
        print_json(found)
    else:
        print_status(console(color), found)
    return 0 if found["healthy"] else 3
