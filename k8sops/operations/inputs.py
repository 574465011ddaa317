"""What operations read before they reach any host: the inventory and the playbook."""

from __future__ import annotations

import os
from pathlib import Path

from k8sops.engine.playbook import Playbook, load_playbook
from k8sops.engine.render import data_path
from k8sops.errors import InputError
from k8sops.inventory.load import load_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec


def load_spec(path: Path) -> ClusterSpec:
    """The cluster of an inventory file, and its key files are there."""
    inventory = load_inventory(path)
    spec = make_spec(inventory)
    for host in spec.hosts:
        if host.ssh.identity:
            key = Path(os.path.expanduser(host.ssh.identity))
            if not os.access(key, os.R_OK):
                why = "cannot be read" if key.exists() else "does not exist"
                where = inventory.where("ssh", "identity")
                raise InputError(f"the key file {host.ssh.identity} {why}", where=where, remedy="correct ssh.identity")
    return spec


def load_named_playbook(name: str, folder: Path) -> Playbook:
    """The playbook in this file, or the one of this name: from playbooks/ in `folder`, else one that k8sops ships."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_playbook(path, folder)
    folders = (data_path("playbooks"), folder / "playbooks")
    shipped = {one.stem: one for where in folders for one in sorted(where.glob("*.yaml"))}
    if name not in shipped:
        raise InputError(f"no playbook `{name}`", remedy=f"available: {', '.join(shipped)}, or a file of your own")
    return load_playbook(shipped[name], folder)
