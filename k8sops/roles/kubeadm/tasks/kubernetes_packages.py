"""kubelet, kubeadm and kubectl at an exact version, on hold; and the container runtime, so that apt runs once."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.packages import apt_repository, packages
from k8sops.resources.services import service
from k8sops.roles.kubeadm.facts import identity
from k8sops.roles.protocols import runtime_of

KUBERNETES = ("kubelet", "kubeadm", "kubectl")
NEEDED = ("conntrack", "ebtables", "ethtool", "iptables", "socat", "bash-completion")


NAME = "kubernetes"


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    yield apt_repository(NAME, spec.package_repository, spec.settings.packages.key)
    yield packages(NAME, _wanted(spec, host, facts), hold=KUBERNETES, effects=packaging.effects(facts, NAME))
    yield from runtime_of(host).downloads(spec)
    yield service("kubelet", running=False)


def _wanted(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> dict[str, str | None]:
    runtime = runtime_of(host).packages(spec, facts)
    return {**dict.fromkeys(KUBERNETES, spec.package_version), **dict.fromkeys((*runtime, *NEEDED), None)}


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    """Shell lines that simulate the installation and find obstacles; the runtime follows from earlier facts."""
    # Two hosts are enough to query the repository: the answer is the same for all.
    ask_offers = host in (spec.control_planes[0], *spec.workers[:1])
    exact = f"kubelet={spec.package_version}"
    pinned = packaging.plan_question(NAME, {**dict.fromkeys(KUBERNETES, spec.package_version)}, KUBERNETES)
    runtime = runtime_of(host)
    more = (*NEEDED, *runtime.certain_packages(spec))
    return f"""{identity.asks(spec, host, told)}
{packaging.repository_questions(NAME, spec.package_repository, exact, offers=ask_offers)}
{runtime.package_words}
{pinned} {" ".join(more)} "${{runtime[@]}}" """


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from identity.findings(spec, fleet)
    yield from packaging.repository_findings(spec, fleet)
    yield from packaging.held_findings(fleet, NAME)
    for host in spec.hosts:
        if host.name in fleet.facts:
            for name, what in runtime_of(host).package_findings(spec, fleet[host.name]):
                yield Finding(host.name, name, what)


TASK = Task(
    name="kubernetes-packages",
    title="kubelet, kubeadm and kubectl installed and held",
    resources=_resources,
    findings=_findings,
    asks=_asks,
)
