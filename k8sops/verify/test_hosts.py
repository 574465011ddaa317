"""What each host must hold."""

from __future__ import annotations

from typing import Any

from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import runtime_of


def test_no_swap_is_used(node: Any, entry: HostEntry) -> None:
    assert len(node.check_output("cat /proc/swaps").splitlines()) == 1, "swap is in use"


def test_packets_are_forwarded_and_bridges_filtered(node: Any, entry: HostEntry) -> None:
    for key in ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"):
        assert node.file("/proc/sys/" + key.replace(".", "/")).content_string.strip() == "1", f"{key} is off"


def test_packages_have_their_version_and_are_held(node: Any, entry: HostEntry, spec: ClusterSpec) -> None:
    held = node.check_output("apt-mark showhold").split()
    for name in ("kubelet", "kubeadm", "kubectl"):
        package = node.package(name)
        assert package.is_installed, f"{name} is not installed"
        assert package.version == spec.package_version, f"{name} is {package.version}"
        assert name in held, f"{name} is not held"


def test_the_runtime_runs_with_systemd_cgroups(node: Any, entry: HostEntry) -> None:
    service = node.service(entry.runtime)
    assert service.is_running, f"{entry.runtime} does not run"
    assert service.is_enabled, f"{entry.runtime} does not start at boot"
    command, systemd = runtime_of(entry).cgroup_driver
    assert systemd in node.check_output(command), "the cgroup driver is not systemd"


def test_kubelet_runs(node: Any, entry: HostEntry) -> None:
    assert node.service("kubelet").is_running, "kubelet does not run"
    assert node.service("kubelet").is_enabled, "kubelet does not start at boot"


def test_the_endpoint_resolves(node: Any, entry: HostEntry, spec: ClusterSpec) -> None:
    assert node.run("getent hosts %s", spec.endpoint_host).rc == 0, f"{spec.endpoint_host} does not resolve"


def test_keys_are_readable_by_root_alone(node: Any, entry: HostEntry) -> None:
    find = "find /etc/kubernetes /var/lib/kubelet/pki ( -name *.key -o -name admin.conf ) -type f -perm /077"
    loose = node.run(find.replace("(", r"\(").replace(")", r"\)").replace("*.key", "'*.key'")).stdout.split()
    assert not loose, f"readable by others: {', '.join(loose)}"


def test_no_join_configuration_is_left(node: Any, entry: HostEntry) -> None:
    assert not node.file("/etc/kubernetes/k8sops/join.yaml").exists, "it contains a token"
