"""Leftovers of a host's earlier use that would take precedence over files of k8sops or of the packages."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.shell import bare, quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.hosts.tasks.kernel import PARAMETERS
from k8sops.roles.protocols import network_of, networks

SCRIPT = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))
ALIASES = {"net.ipv4.ip_forward": "net.ipv4.conf.all.forwarding"}
"""Aliases of the same kernel parameter."""
DECISIVE = ("kubelet", "kubeadm", "containerd", "containerd-shim-runc-v2", "dockerd", "cri-dockerd")
"""Programs whose version must match the package; a custom version of other programs is often intended."""


def _wanted(spec: ClusterSpec, host: HostEntry) -> dict[str, str]:
    """The kernel parameters that k8sops sets, by all their names."""
    values = {key: str(value) for key, value in {**PARAMETERS, **spec.settings.sysctl, **host.sysctl}.items()}
    return values | {other: values[key] for key, other in ALIASES.items() if other not in values}


def _asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    keys = " ".join(quote(key.replace(".", "/")) for key in _wanted(spec, host))
    return f"KEYS=({keys})\n{SCRIPT}"


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    for host in spec.hosts:
        if host.name in fleet.facts:
            facts = fleet[host.name]
            yield from _cni(spec, host, facts)
            yield from _links(spec, host, facts)
            yield from _boot(spec, host, facts)
            yield from _programs(host, facts)
            yield from _units(host, facts)


def _cni(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    lines = (line.partition(" ") for line in facts.more.get("cni_file", ()))
    files = {name: plugins.split() for name, _, plugins in lines}
    network = network_of(spec)
    known = [network] if network.config else networks()
    configs, delegating = {one.config for one in known}, {name for one in known for name in one.delegating}
    foreign = [name for name, plugins in files.items() if name not in configs and not set(plugins) & delegating]
    if network.config:
        # Until the network has written its file, any other one makes the node Ready, with pods outside the network.
        winning = sorted(name for name in foreign if name < network.config or not _node(facts))
        if winning:
            what = f"{_paths(winning)} takes precedence over {network.config}"
            yield Finding(host.name, "CNIConfig", what)
    elif network.expects_config and not _node(facts) and foreign:
        yield Finding(host.name, "OtherCNIConfig", f"unknown CNI configuration: {_paths(sorted(foreign))}")


def _node(facts: HostFacts) -> bool:
    """Whether the host has joined, or began to: its pod network is then that of this cluster."""
    return facts.joined or "begun" in facts.more


def _paths(names: Iterable[str]) -> str:
    return ", ".join(f"/etc/cni/net.d/{name}" for name in names)


def _links(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    name = network_of(spec).bridge
    if name:
        bridge = [address for device, address in facts.addresses if device == name]
        bridge = [address for address in bridge if not ipaddress.ip_interface(address).is_link_local]
        own = set(facts.more.get("flannel_subnet", ())) if _node(facts) else set()
        # The range of the node is known once its network runs; before that, only network.pods is.
        wrong = [one for one in bridge if one not in own] if own or not _node(facts) else _outside(spec, bridge)
        if wrong:
            needs = f"the pod range of this node is {', '.join(sorted(own))}" if own else "not in network.pods"
            yield Finding(host.name, "CNIBridge", f"the bridge {name} has the address {', '.join(wrong)}, {needs}")
    others = facts.more.get("link", ())
    if others and not _node(facts):
        yield Finding(host.name, "NetworkLinks", f"network interfaces of an earlier pod network: {', '.join(others)}")


def _outside(spec: ClusterSpec, addresses: Iterable[str]) -> list[str]:
    return [one for one in addresses if ipaddress.ip_interface(one).ip not in spec.pods]


def _boot(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    wanted, last = _wanted(spec, host), dict[str, tuple[str, str]]()
    lines = [line.split(" ", 4) for line in facts.more.get("sysctl", ())]
    for _, number, path, key, value in sorted(lines, key=lambda line: (line[0], int(line[1]))):
        last[key] = (f"{path}:{number}", value)
    for key, (place, value) in last.items():
        if key in wanted and value.split() != wanted[key].split():
            what = f"{place} sets {key} = {' '.join(value.split())} at the next boot instead of {wanted[key]}"
            yield Finding(host.name, "SysctlOverride", what)
    # kubeadm passes --hostname-override to kubelet only if the hostname differs.
    for name in facts.more.get("boot_hostname", ()):
        if facts.hostname == host.name:
            what = f"the hostname is {facts.hostname} now, and {name} after the next boot (/etc/hostname)"
            yield Finding(host.name, "BootHostname", what)
    for line in facts.more.get("module", ()):
        name, _, place = line.partition(" ")
        yield Finding(host.name, "ModuleBlocked", f"{place} prevents the kernel module {name} from loading at boot")


def _programs(host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    for path in facts.more.get("program", ()):
        name = path.rpartition("/")[2]
        if name in DECISIVE:
            yield Finding(host.name, "ProgramOverride", f"{path} takes precedence over the program of the package")
        else:
            yield Finding(host.name, "OwnProgram", f"{path} takes precedence over the program of the package")


def _units(host: HostEntry, facts: HostFacts) -> Iterator[Finding]:
    for line in facts.more.get("kubelet_unit", ()):
        how, _, path = line.partition(" ")
        what = {
            "masked": f"{path} masks kubelet, so that it cannot start",
            "replaced": f"{path} replaces the unit of the package kubelet",
            "changed": f"{path} overrides kubelet's command line or the files that kubeadm writes for it",
            "bare": f"{path} starts kubelet without $KUBELET_KUBECONFIG_ARGS and $KUBELET_CONFIG_ARGS, "
            "so without the files that kubeadm writes for it",
        }
        yield Finding(host.name, "KubeletUnit", what[how])
    for line in facts.more.get("kubelet_args", ()):
        path, _, value = line.partition(" ")
        if value.strip("\"' "):
            yield Finding(host.name, "KubeletExtraArgs", f"{path} passes {value} to kubelet, overriding the inventory")


TASK = Task(name="leftovers", title="no leftovers override what k8sops installs", findings=_findings, asks=_asks)
