"""Every file that k8sops places on a host, as it is rendered for a few inventories, and who reads it there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.resource import Resource
from k8sops.engine.task import load_task, task_names
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec

INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
firewall: managed
backup: {{schedule: daily, drill: weekly, encrypt_to: age1{age}, cron: {cron}}}
mirrors: {{packages: "http://mirror", images: {{registry.k8s.io: "http://mirror:5000", docker.io: "http://mirror:5000"}}}}
groups:
  control_plane: {{hosts: {{cp1: {{address: 10.0.0.11}}}}}}
  workers: {{hosts: {{w1: {{address: 10.0.0.21, runtime: {runtime}}}}}}}
"""
TOLD = {
    "restore": "20260101T000000Z",
    "backup": "demo-20260101T000000Z-cp1",
    "leaving": "w1",
    "member": "8e9e05c52164694d",
    "node": "cp1",
    "since": "1",
    "begun": "1",
    "bump": "1",
}
"""What runs of backups, restores and resets are told."""
FACTS = (
    HostFacts(os="debian", os_version="13"),
    HostFacts(ufw=True, joined=True, initialised=True, packages={"containerd": "1.6.20"}),
    HostFacts(nft_chains=(("inet", "filter", "input", "input"),), packages={"containerd": "2.1.4"}),
)

READERS = {
    "/etc/profile.d/*": "dash -n FILE",
    "/etc/systemd/system/*": "systemd-analyze verify",
    "/etc/cron.d/*": "cron",
    "/etc/containerd/config.toml": "containerd --config FILE config dump",
    "/etc/containerd/certs.d/*.toml": "toml",
    "/etc/docker/daemon.json": "json",
    "/etc/k8sops/*.nft": "nft --check --file FILE",
    "/usr/local/sbin/*": "bash -n FILE",
    "/etc/sudoers.d/*": "visudo --check --file FILE",
    "/etc/logrotate.d/*": "logrotate --debug FILE",
    "/etc/sysctl.d/*": "sysctl",
    "/etc/modules-load.d/*": "modules",
    "/etc/apt/sources.list.d/*": "apt",
    "/etc/apt/keyrings/*": "apt",
}
"""Programs on the host that parse a file strictly, and formats that the test parses itself."""
OURS = ("*.k8sops-before", "/etc/kubernetes/*", "/root/.kube/*", "/home/*/.kube/*", "/etc/k8sops/*.curl", "/var/lib/*", "/etc/fstab")
"""What kubeadm, kubectl, etcd and curl read: runs of the other tests do not end well where these are wrong."""
PLACED = re.compile(r"\bput_file ('[^']+'|[^\s$\"'|]+)")


def rendered() -> Iterator[Resource]:
    """All resources of all tasks, for inventories and hosts of several kinds."""
    for runtime, cron in (("containerd", "false"), ("docker", "true")):
        text = INVENTORY.format(age="q" * 58, runtime=runtime, cron=cron)
        cluster = make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))
        for facts in FACTS:
            fleet = Fleet({host.name: facts for host in cluster.hosts}, frozenset({"cp1", "w1"}), TOLD)
            for name in task_names(cluster.folder):
                for host in cluster.hosts:
                    yield from load_task(name, cluster.folder).resources(cluster, host, fleet)


def paths(resource: Resource) -> set[str]:
    """The files that a resource places: those that its apply writes by put_file, and those that it is named after."""
    found = {path.strip("'") for path in PLACED.findall(resource.apply or "") if path.strip("'").startswith("/")}
    return found | ({resource.id.removeprefix("file:")} if resource.id.startswith("file:") else set())


def reader(path: str) -> str | None:
    """Who reads the file; None where nobody is known to."""
    if any(fnmatchcase(path, pattern) for pattern in OURS):
        return "ours"
    return next((program for pattern, program in READERS.items() if fnmatchcase(path, pattern)), None)
