"""Hosts with a history: what an earlier life has left is named before it wins over what k8sops installs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from conftest import Cluster

pytestmark = pytest.mark.beside
UPSTREAM = {"PackageRepository", "ImageRegistry"}
"""Findings of hosts that have no mirror and no way out."""
LEAVE = """
mkdir -p /etc/cni/net.d /etc/systemd/system/kubelet.service.d
echo '{"name": "podman", "plugins": [{"type": "bridge", "ipam": {"type": "host-local"}}]}' >/etc/cni/net.d/05-podman.conflist
ip link add cni0 type bridge; ip address add 10.99.0.1/24 dev cni0; ip link add weave type bridge
echo 'net/ipv4/ip_forward = 0' >/etc/sysctl.d/99-hardening.conf
echo 'net.bridge.bridge-nf-call-iptables = 0' >>/etc/sysctl.conf
cp /bin/true /usr/local/bin/kubeadm; cp /bin/true /usr/local/bin/kubectl
printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/kubelet --own\\n' >/etc/systemd/system/kubelet.service.d/20-own.conf
echo 'KUBELET_EXTRA_ARGS="--cgroup-driver=cgroupfs"' >/etc/default/kubelet
"""
CLEAN = """
rm -r /etc/cni /etc/systemd/system/kubelet.service.d /etc/sysctl.d/99-hardening.conf /usr/local/bin/kube* /etc/default/kubelet
sed -i /bridge-nf/d /etc/sysctl.conf; ip link delete cni0; ip link delete weave
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two bare hosts, without a mirror."""
    made = Cluster(tmp_path_factory.mktemp("leftovers"), "leftovers")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1", "--upstream")
    yield made
    made.k8sops("lab", "down", made.name)


def findings(hosts: Cluster, *words: str) -> dict[tuple[str, str], str]:
    """What `plan` finds, by host and name, but for what these hosts cannot reach."""
    # Behind the plan comes a line that says why it cannot be applied.
    data, _ = json.JSONDecoder().raw_decode(hosts.k8sops("plan", "-o", "json", *words, expect=None).out)
    found = {(one["host"], one["name"]): one["what"] for one in data["findings"]}
    return {key: what for key, what in found.items() if key[1] not in UPSTREAM}


def test_bare_hosts_have_no_findings(hosts: Cluster) -> None:
    """The lab's own wrapper of runc in /usr/local runs the package's program, so it is not named."""
    assert findings(hosts) == {}


def test_leftovers_are_named_in_every_place_where_they_would_win(hosts: Cluster) -> None:
    hosts.on("w1", LEAVE)
    try:
        found = findings(hosts)
    finally:
        hosts.on("w1", CLEAN)
    assert {host for host, _ in found} == {"w1"}
    assert {name: what for (_, name), what in found.items()} == {
        "CNIConfig": "/etc/cni/net.d/05-podman.conflist is used by the container runtime instead of 10-flannel.conflist",
        "CNIBridge": "the bridge cni0 has the address 10.99.0.1/24, the pod range is another",
        "NetworkLinks": "left by an earlier pod network: weave",
        "SysctlOverride": found["w1", "SysctlOverride"],
        "ProgramOverride": "/usr/local/bin/kubeadm is run instead of the program of the package",
        "OwnProgram": "/usr/local/bin/kubectl is run instead of the program of the package",
        "KubeletUnit": "/etc/systemd/system/kubelet.service.d/20-own.conf changes how kubelet is started: its command or the files that kubeadm writes for it",
        "KubeletExtraArgs": '/etc/default/kubelet gives kubelet "--cgroup-driver=cgroupfs"',
    }
    assert "sets net." in found["w1", "SysctlOverride"]
