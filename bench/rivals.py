"""Ansible and pyinfra, each from PyPI into a venv of its own, and their inventories of the same hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.fleet import Fleet
from bench.measure import Command, FailedError
from k8sops.lab.engine import docker
from k8sops.lab.hosts import container
from k8sops.lab.machine import cache_dir
from k8sops.operations.inputs import load_spec
from k8sops.roles.networks.flannel.network import flannel_manifest

HERE = Path(__file__).parent
Data = Mapping[str, Any]
Names = Mapping[str, list[str]]
RELEASES = {"ansible": "ansible-core==2.19.14", "pyinfra": "pyinfra==3.10.0"}
FILES = (
    "/etc/modules-load.d/k8sops.conf",
    "/etc/apt/keyrings/kubernetes.asc",
    "/etc/apt/sources.list.d/kubernetes.list",
    "/etc/containerd",
    "/etc/profile.d/k8sops.sh",
    "/etc/kubernetes/k8sops",
)
INSTALL = "apt-get -q update && apt-get -q -y install --no-install-recommends python3 python3-apt"


def ensure_installed(say: Callable[[str], None]) -> dict[str, Path]:
    """Each rival's bin folder."""
    found = {}
    for name, release in RELEASES.items():
        venv = cache_dir() / "bench" / release
        if not (venv / "installed").exists():
            say(f"installing {release}")
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", release], check=True)
            (venv / "installed").touch()
        found[name] = venv / "bin"
    return found


def ensure_python(lab: str, fleet: Fleet) -> None:
    """The hosts have what Ansible needs there: Python, and its bindings of apt."""
    for one in fleet.targets:
        docker("exec", container(lab, one.name), "bash", "-c", f"python3 --version || {{ {INSTALL}; }}")


def collect(lab: str, fleet: Fleet, folder: Path) -> dict[str, Any]:
    """The files that k8sops has put on the hosts, so that every rival wants the same states; and their variables."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    plane = next(one for one in fleet.targets if one.group == "control_plane")
    archive = folder / "files.tar"
    tar = f"tar -C / -cf /tmp/bench.tar {' '.join(one.lstrip('/') for one in FILES)}"
    docker("exec", container(lab, plane.name), "bash", "-c", tar)
    with archive.open("wb") as out:
        argv = ["docker", "exec", container(lab, plane.name), "cat", "/tmp/bench.tar"]
        subprocess.run(argv, check=True, stdout=out)
    subprocess.run(["tar", "-C", str(files), "-xf", str(archive)], check=True)
    spec = load_spec(fleet.inventory)
    (files / "flannel.yaml").write_text(flannel_manifest(spec))
    return {
        "files": str(files),
        "cluster": spec.cluster,
        "package_version": spec.package_version,
        "registries": sorted(spec.settings.mirrors.images),
        "parameters": [
            "net.bridge.bridge-nf-call-iptables",
            "net.bridge.bridge-nf-call-ip6tables",
            "net.ipv4.ip_forward",
        ],
    }


def names_of(lab: str, fleet: Fleet, cluster: str) -> dict[str, list[str]]:
    """The lines that each host has of k8sops in /etc/hosts."""
    inside = f"sed -n '/^# k8sops {cluster} begin$/,/^# k8sops {cluster} end$/{{/^#/!p}}' /etc/hosts"
    return {
        one.name: docker("exec", container(lab, one.name), "bash", "-c", inside).splitlines() for one in fleet.targets
    }


def ansible(bin_dir: Path, fleet: Fleet, data: Data, names: Names, folder: Path) -> Command:
    """ansible-playbook, which must find nothing to change."""
    groups: dict[str, Any] = {}
    for one in fleet.targets:
        host = {"ansible_host": one.host, "ansible_port": one.port, "names": "\n".join(names[one.name])}
        groups.setdefault(one.group, {"hosts": {}})["hosts"][one.name] = host
    login = {"ansible_user": fleet.user, "ansible_ssh_private_key_file": fleet.key}
    inventory = folder / "ansible.json"
    inventory.write_text(json.dumps({"all": {"vars": {**data, **login}, "children": groups}}, indent=1))

    def nothing_changed(printed: str) -> None:
        recap = [line for line in printed.splitlines() if "changed=" in line]
        if len(recap) != len(fleet.targets) or any("changed=0" not in line for line in recap):
            raise FailedError(f"Ansible found something to change:\n{printed[-3000:]}")

    argv = [str(bin_dir / "ansible-playbook"), "-i", str(inventory), str(HERE / "ansible" / "site.yaml")]
    return Command(argv, {"ANSIBLE_CONFIG": str(HERE / "ansible" / "ansible.cfg")}, nothing_changed)


def pyinfra(bin_dir: Path, fleet: Fleet, data: Data, names: Names, folder: Path) -> Command:
    """pyinfra; a command of the user's own counts as a change there, so only its exit code tells."""
    groups: dict[str, list[Any]] = {}
    for one in fleet.targets:
        login = {"ssh_hostname": one.host, "ssh_port": one.port, "ssh_user": fleet.user, "ssh_key": fleet.key}
        extra = {"ssh_strict_host_key_checking": "off", "ssh_allow_agent": False, "ssh_look_for_keys": False}
        # Addresses of labs come again with other keys.
        extra["ssh_known_hosts_file"] = str(folder / "pyinfra_known_hosts")
        groups.setdefault(one.group, []).append((one.name, {**data, **login, **extra, "names": names[one.name]}))
    inventory = folder / "pyinfra_inventory.py"
    inventory.write_text("".join(f"{group} = {hosts!r}\n" for group, hosts in groups.items()))
    return Command([str(bin_dir / "pyinfra"), "-y", str(inventory), str(HERE / "pyinfra" / "deploy.py")])
