"""Many hosts at little cost: one container, and in it an sshd for each, on an address, with a name, an /etc, a /run and
a home folder of its own (mount and UTS namespaces). They have no systemd: what is asked of them must not need one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from k8sops.lab.engine import docker, ensure_engine, privileged_works
from k8sops.lab.hosts import addresses, free_subnet, power
from k8sops.lab.image import ensure_image
from k8sops.lab.machine import Say, command

START = r"""
set -e
ssh-keygen -q -A
mkdir -p /run/sshd /home/ops/.ssh
printf '%s\n' "$KEY" >/home/ops/.ssh/authorized_keys
chown -R ops:ops /home/ops/.ssh
while read -r name address; do
  ip address add "$address/24" dev eth0
  unshare --mount --uts bash -ec '
    hostname "$1"
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /mnt
    mkdir /run/sshd /mnt/new /mnt/work
    mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/new,workdir=/mnt/work /etc
    exec /usr/sbin/sshd -o ListenAddress="$2" -o PidFile=none' - "$name" "$address" </dev/null
done
cat /etc/ssh/ssh_host_ed25519_key.pub
"""
PLAYBOOK = """\
- name: Files
  hosts: all
  tasks: [notes]
"""
TASK = '''\
"""Some files, as a stand-in for a task that needs no systemd."""

from k8sops.resources.files import directory, file
from k8sops.engine.task import Task


def _resources(spec, host, fleet):
    yield directory("/etc/notes")
    for number in range(10):
        yield file(f"/etc/notes/{number}", f"note {number}\\n" * 20)


TASK = Task(name="notes", title="notes are there", resources=_resources)
'''


@dataclass(frozen=True)
class Crowd:
    """Hosts that are up, by name; `folder` holds the key, the playbook `many` and its task."""

    folder: Path
    container: str
    hosts: dict[str, str]
    host_key: str

    def inventory(self, count: int) -> Path:
        """An inventory of the first `count` of them."""
        hosts = {
            name: {"address": address, "host_key": self.host_key} for name, address in list(self.hosts.items())[:count]
        }
        first = next(iter(hosts))
        data = {
            "cluster": "crowd",
            "kubernetes": "1.36.3",
            "network": {"pods": "10.244.0.0/16", "services": "10.96.0.0/12"},
            "ssh": {"user": "ops", "become": True, "identity": str(self.folder / "id_ed25519")},
            "groups": {
                "control_plane": {"hosts": {first: hosts.pop(first)}},
                "workers": {"hosts": hosts},
            },
        }
        path = self.folder / f"inventory-{count}.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return path

    def forget(self, name: str) -> None:
        """This host is as it was at first."""
        inside = f"nsenter --mount --target $(pgrep -of 'ListenAddress={self.hosts[name]} ') rm -rf /etc/notes"
        docker("exec", self.container, "bash", "-c", inside)


@contextmanager
def crowd(name: str, count: int, folder: Path, say: Say) -> Iterator[Crowd]:
    """So many hosts, for as long as the context lasts."""
    ensure_engine(say)
    image = ensure_image(say)
    holder = f"k8sops-{name}"
    _remove(holder)
    networks = docker("network", "ls", "--quiet").split()
    taken = [
        config["Subnet"]
        for one in json.loads(docker("network", "inspect", *networks))
        for config in one["IPAM"]["Config"] or []
    ]
    subnet = free_subnet(taken)
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "id_ed25519"
    command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    for path, text in (("playbooks/many.yaml", PLAYBOOK), ("tasks/notes.py", TASK)):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    hosts = addresses(subnet, [f"h{number:03}" for number in range(1, count + 1)])
    try:
        docker("network", "create", f"--subnet={subnet}", holder)
        who = [f"--name={holder}", f"--network={holder}"]
        docker("run", "--detach", "--init", *who, *power(privileged=privileged_works()), image, "sleep", "inf")
        lines = "".join(f"{one} {address}\n" for one, address in hosts.items())
        public = key.with_suffix(".pub").read_text().strip()
        printed = docker("exec", "-i", f"--env=KEY={public}", holder, "bash", "-c", START, stdin=lines.encode())
        yield Crowd(folder, holder, hosts, " ".join(printed.split()[-3:-1]))
    finally:
        _remove(holder)


def _remove(holder: str) -> None:
    """No container and no network of this name is left."""
    if found := docker("ps", "--all", "--quiet", "--filter", f"name=^{holder}$").split():
        docker("rm", "--force", *found)
    if found := docker("network", "ls", "--quiet", "--filter", f"name=^{holder}$").split():
        docker("network", "rm", *found)
