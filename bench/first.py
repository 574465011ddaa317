"""The first run, from bare hosts to Ready, beside the same commands by hand: the critical path."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from bench import measure
from bench.fleet import Fleet
from bench.measure import Command, Sample
from bench.table import Row
from k8sops.engine.render import render
from k8sops.inventory.spec import ClusterSpec
from k8sops.operations.inputs import load_spec
from k8sops.roles.hosts.tasks.shell_comfort import PROFILE
from k8sops.roles.kubeadm.config import init_config
from k8sops.roles.networks.flannel.network import flannel_manifest
from k8sops.roles.protocols import endpoint_of
from k8sops.roles.runtimes.facts.registry import is_api_root

LAB = "bench-first"
WORKERS = 2


class Up(Protocol):
    def __call__(self, lab: str, folder: Path, control_planes: int, workers: int) -> Fleet: ...


def files(spec: ClusterSpec) -> dict[str, str]:
    """The files that k8sops would write on Debian 12, by path."""
    plane = spec.control_planes[0]
    names = [f"{host.address} {host.name}\n" for host in spec.hosts]
    kept = [f"{plane.address} {spec.endpoint_host}\n"] if endpoint_of(spec).name(spec) else []
    registries = {
        f"etc/containerd/certs.d/{registry}/hosts.toml": render(
            "runtimes/hosts.toml.j2", spec=spec, registry=registry, url=url, override_path=is_api_root(url)
        )
        for registry, url in spec.settings.mirrors.images.items()
    }
    return {
        "etc/modules-load.d/k8sops.conf": "overlay\nbr_netfilter\n",
        "etc/containerd/config.toml": render("runtimes/containerd-v2.toml.j2", spec=spec),
        "etc/profile.d/k8sops.sh": PROFILE,
        "etc/kubernetes/k8sops/init.yaml": init_config(spec, plane),
        "etc/kubernetes/k8sops/flannel.yaml": flannel_manifest(spec),
        "etc/kubernetes/k8sops/names": "".join([*names, *kept]),
        **registries,
    }


def by_hand(fleet: Fleet, folder: Path) -> Command:
    """byhand.sh on these hosts, by OpenSSH."""
    spec = load_spec(fleet.inventory)
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "files.tar", "w") as archive:
        for name, text in files(spec).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    hosts = "".join(f"Host {one.name}\n  HostName {one.host}\n" for one in fleet.targets)
    login = f"  User {fleet.user}\n  IdentityFile {fleet.key}\n  IdentitiesOnly yes\n"
    (folder / "ssh_config").write_text(
        f"{hosts}Host *\n{login}  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
    )
    script = str(Path(__file__).with_name("byhand.sh"))
    names = [one.name for one in fleet.targets]
    return Command(["bash", script, str(folder), spec.package_version, spec.package_repository, *names])


def rows(folder: Path, up: Up, down: Callable[[str], None], *, runs: int, say: Callable[[str], None]) -> Iterator[Row]:
    """Each run on hosts that were made for it."""
    found: dict[str, list[Sample]] = {"floor": [], "k8sops": []}
    for turn in range(runs):
        for name in found:
            down(LAB)
            fleet = up(LAB, folder, 1, WORKERS)
            apply = measure.k8sops(fleet.inventory, folder / f"state-{turn}", "apply", "--yes", "--allow", "restart")
            found[name].append(measure.run(Command(apply) if name == "k8sops" else by_hand(fleet, folder / "hand")))
            say(f"first run, {name} {turn + 1}/{runs}: {found[name][-1].seconds:.1f} s")
    down(LAB)
    note = "floor: the same commands by hand, one script a host, same order and barriers (byhand.sh)"
    yield Row("first run", WORKERS + 1, 0, measure.seconds(found), measure.mib(found), note)
