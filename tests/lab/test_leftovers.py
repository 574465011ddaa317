"""Hosts with leftovers of earlier use: reported before they override what k8sops installs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml
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
    made.lab_up("--workers", "1", "--bare")
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
        "CNIConfig": "/etc/cni/net.d/05-podman.conflist takes precedence over 10-flannel.conflist",
        "CNIBridge": "the bridge cni0 has the address 10.99.0.1/24, not in network.pods",
        "NetworkLinks": "network interfaces of an earlier pod network: weave",
        "SysctlOverride": found["w1", "SysctlOverride"],
        "ProgramOverride": "/usr/local/bin/kubeadm takes precedence over the program of the package",
        "OwnProgram": "/usr/local/bin/kubectl takes precedence over the program of the package",
        "KubeletUnit": "/etc/systemd/system/kubelet.service.d/20-own.conf starts kubelet without $KUBELET_KUBECONFIG_ARGS and $KUBELET_CONFIG_ARGS, so without the files that kubeadm writes for it",
        "KubeletExtraArgs": '/etc/default/kubelet passes "--cgroup-driver=cgroupfs" to kubelet, overriding the inventory',
    }
    assert "sets net." in found["w1", "SysctlOverride"]


def test_an_endpoint_a_disk_and_a_machine_that_cannot_do_are_named(hosts: Cluster) -> None:
    before = hosts.inventory.read_text()
    plane = yaml.safe_load(before)["groups"]["control_plane"]["hosts"]["cp1"]
    hosts.edit(lambda data: data.update(endpoint="api.lab.invalid:6443"))
    hosts.on("cp1", "mount -t tmpfs -o size=512m none /var/lib/containerd")
    hosts.on("w1", f"echo '{hosts.gateway('w1')} api.lab.invalid' >>/etc/hosts")
    try:
        found = findings(hosts)
        same = {"ssh": {"host": plane["address"], "jump": f"ops@{plane['address']}"}, "host_key": plane["host_key"]}
        hosts.edit(lambda data: data["groups"]["workers"]["hosts"]["w1"].update(same))
        twice = findings(hosts)
    finally:
        hosts.on("cp1", "umount /var/lib/containerd")
        hosts.on("w1", "grep -v lab.invalid /etc/hosts >/tmp/hosts; cat /tmp/hosts >/etc/hosts")
        hosts.inventory.write_text(before)
    assert set(found) == {("cp1", "EndpointName"), ("cp1", "DiskFull"), ("w1", "EndpointSilent")}
    assert found["cp1", "EndpointName"] == "cannot resolve api.lab.invalid, the endpoint of the inventory"
    assert found["w1", "EndpointSilent"].endswith("connection refused. It is not the address of a control plane")
    assert found["cp1", "DiskFull"].startswith("/var/lib/containerd: 0.5 GiB of 0.5 GiB free (100 %)")
    assert twice["w1", "SameMachine"] == "SSH reaches the same machine as cp1"


BOOK = "- {name: Hosts, hosts: all, tasks: [swap, names]}\n"
CLOUD = """
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install cloud-init zram-tools >/dev/null 2>&1
mkdir -p /var/lib/cloud/seed/nocloud
echo 'instance-id: one' >/var/lib/cloud/seed/nocloud/meta-data
echo '#cloud-config' >/var/lib/cloud/seed/nocloud/user-data
printf 'network: {config: disabled}\\ndatasource_list: [NoCloud]\\nmanage_etc_hosts: true\\n' >/etc/cloud/cloud.cfg.d/99-lab.cfg
cloud-init init --local >/dev/null 2>&1
"""
BOOT = "cloud-init single --name update_etc_hosts --frequency always >/dev/null 2>&1"
"""What cloud-init does to /etc/hosts at each boot."""


def test_what_comes_back_at_boot_is_shown_and_taught(hosts: Cluster) -> None:
    """cloud-init writes /etc/hosts anew from its template, and a service makes swap of memory."""
    book = hosts.folder / "book.yaml"
    book.write_text(BOOK)
    hosts.on("cp1", CLOUD)
    changes = {one["resource"]: one["diff"] for one in hosts.changes("-p", str(book)) if one["host"] == "cp1"}
    template = f"block:/etc/cloud/templates/hosts.debian.tmpl:{hosts.name}"
    assert set(changes) == {"swap:off", f"block:/etc/hosts:{hosts.name}", template}
    assert changes["swap:off"] == ["zramswap.service enables swap at boot"]
    hosts.apply("-p", str(book))
    hosts.on("cp1", BOOT)
    assert "Your system has configured 'manage_etc_hosts' as True." in hosts.on("cp1", "cat /etc/hosts")
    assert hosts.changes("-p", str(book)) == []
    assert hosts.on("cp1", f"getent hosts {hosts.name}-api").split()[0] in hosts.inventory.read_text()
    hosts.on("w1", "hostname w1; echo old-name >/etc/hostname")
    try:
        found = findings(hosts)
    finally:
        hosts.on("w1", "hostname >/etc/hostname")
    assert found == {("w1", "BootHostname"): "the hostname is w1 now, and old-name after the next boot (/etc/hostname)"}


FIREWALL = """\
- {name: Hosts, hosts: all, tasks: [preflight, firewall]}
- {name: Ports, hosts: all, tasks: [reach]}
"""
IGNORE = ("--ignore-preflight-errors", ",".join(sorted(UPSTREAM)))


def test_a_firewall_that_is_on_beforehand_is_opened_and_what_else_blocks_a_port_is_named(hosts: Cluster) -> None:
    """ufw on the control plane. Nothing listens yet: a refused connection has come through."""
    book = hosts.folder / "firewall.yaml"
    book.write_text(FIREWALL)
    words = ("-p", str(book), *IGNORE)
    drop = "iptables -t raw {} PREROUTING -p tcp --dport 6443 -j DROP"
    install = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install ufw >/dev/null 2>&1"
    hosts.on("cp1", f"apt-get -qq update; {install}; {drop.format('-A')}")
    ran = hosts.k8sops("plan", *words, expect=6)
    assert "[ERROR Reach] w1: cannot reach" in ran.out
    hosts.on("cp1", "ufw allow 22/tcp >/dev/null; ufw --force enable >/dev/null")
    gate = [(one["host"], one["outcome"]) for one in hosts.changes(*words) if one["resource"] == "gate:reach"]
    assert gate == [("w1", "drift")]
    failed = hosts.apply(*words, expect=3)["failures"]
    assert [(one["host"], one["resource"]) for one in failed] == [("w1", "gate:reach")]
    hosts.on("cp1", drop.format("-D"))
    assert hosts.changes(*words) == []
    hosts.on("cp1", "ufw reset >/dev/null <<<y; ufw allow 22/tcp >/dev/null; ufw --force enable >/dev/null")
    done = hosts.apply(*words)
    assert (done["failures"], done["notConverged"]) == ([], [])
    assert hosts.changes(*words) == []
    hosts.on("cp1", "ufw disable >/dev/null")
