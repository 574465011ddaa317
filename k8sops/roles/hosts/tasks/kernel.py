"""Kernel features and parameters that kubeadm and the network need (kubeadm: container runtimes)."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.kernel import SYSCTL_FILE, kernel_modules, sysctl
from k8sops.resources.withdrawn import withdrawn

MODULES = {"overlay": "overlay", "br_netfilter": "/proc/sys/net/bridge"}
PARAMETERS = {
    "net.bridge.bridge-nf-call-iptables": 1,
    "net.bridge.bridge-nf-call-ip6tables": 1,
    "net.ipv4.ip_forward": 1,
}


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    yield kernel_modules("k8sops", MODULES)
    wanted = {**PARAMETERS, **spec.settings.sysctl, **host.sysctl}
    for key, value in wanted.items():
        yield sysctl(key, value)
    effect = "\ntheir values stay in effect until the next boot"
    yield withdrawn("sysctl", SYSCTL_FILE.format("*"), map(SYSCTL_FILE.format, wanted), effect=effect)


TASK = Task(name="kernel", title="kernel modules and parameters for Kubernetes", resources=_resources)
