"""kubelet, kubeadm and kubectl at an exact version, on hold; and the container runtime, so that apt runs once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.releases import CONTAINERD_OF, needed_containerd
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.packages import apt_repository, deb, packages
from k8sops.resources.services import service
from k8sops.roles.kubeadm.facts import identity

KUBERNETES = ("kubelet", "kubeadm", "kubectl")
NEEDED = ("conntrack", "ebtables", "ethtool", "iptables", "socat", "bash-completion")


NAME = "kubernetes"
CLI_APART = {"debian": 13}
"""The release since which docker.io has no command `docker`, which is in docker-cli."""


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    yield apt_repository(NAME, spec.package_repository, spec.settings.packages.key)
    yield packages(NAME, _wanted(spec, host, facts), hold=KUBERNETES, effects=packaging.effects(facts, NAME))
    own = spec.settings.docker.cri_dockerd
    if host.runtime == "docker" and own and not spec.has_dockershim:
        yield deb("cri-dockerd", own.url, own.sha256)
    yield service("kubelet", running=False)


def _wanted(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> dict[str, str | None]:
    runtime = _runtime(spec, host, facts)
    return {**dict.fromkeys(KUBERNETES, spec.package_version), **dict.fromkeys((*runtime, *NEEDED), None)}


def _runtime(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> list[str]:
    """The distribution's packages, unless those of Docker's repository are installed."""
    if host.runtime == "containerd":
        return ["containerd.io" if "containerd.io" in facts.packages else "containerd"]
    docker = ["docker-ce"] if "docker-ce" in facts.packages else ["docker.io"]
    if docker == ["docker.io"] and _has_cli_apart(facts):
        docker.append("docker-cli")
    from_apt = not spec.has_dockershim and spec.settings.docker.cri_dockerd is None
    return [*docker, "cri-dockerd"] if from_apt else docker


def _has_cli_apart(facts: HostFacts) -> bool:
    major = facts.os_version.partition(".")[0]
    return facts.os in CLI_APART and major.isdigit() and int(major) >= CLI_APART[facts.os]


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    """Shell lines that simulate the installation and find obstacles; the runtime follows from earlier facts."""
    # Two hosts are enough to query the repository: the answer is the same for all.
    ask_offers = host in (spec.control_planes[0], *spec.workers[:1])
    exact = f"kubelet={spec.package_version}"
    pinned = packaging.plan_question(NAME, {**dict.fromkeys(KUBERNETES, spec.package_version)}, KUBERNETES)
    cri = () if spec.has_dockershim or spec.settings.docker.cri_dockerd else ("cri-dockerd",)
    more = (*NEEDED, *(cri if host.runtime == "docker" else ()))
    return f"""{identity.asks(spec, host, told)}
{packaging.repository_questions(NAME, spec.package_repository, exact, offers=ask_offers)}
{RUNTIME_WORDS[host.runtime]}
{pinned} {" ".join(more)} "${{runtime[@]}}" """


RUNTIME_WORDS = {
    "containerd": """runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)""",
    "docker": f"""runtime=(docker.io)
[ "$OS_ID" != debian ] || [ "${{OS_VERSION%%.*}}" -lt {CLI_APART["debian"]} ] || runtime+=(docker-cli)
[ -z "${{HAS[docker-ce]-}}" ] || runtime=(docker-ce)""",
}
"""The same as `_runtime`, in bash, for the script that gathers facts."""


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from identity.findings(spec, fleet)
    yield from packaging.repository_findings(spec, fleet)
    yield from packaging.held_findings(fleet, NAME)
    for host in spec.hosts:
        if host.name in fleet.facts and host.runtime == "containerd":
            yield from _containerd_findings(spec, host.name, fleet[host.name])


def _containerd_findings(spec: ClusterSpec, host: str, facts: HostFacts) -> Iterator[Finding]:
    version = facts.containerd or CONTAINERD_OF.get((facts.os, facts.os_version))
    number = re.match(r"(?:\d+:)?(\d+)\.(\d+)", version or "")
    if not version or not number:
        return
    has = int(number[1]), int(number[2])
    needed, later = needed_containerd(spec.version)
    if has < needed:
        what = f"containerd {version}: Kubernetes {spec.minor} needs {needed[0]}.{needed[1]} or newer"
        yield Finding(host, "ContainerdVersion", what)
    elif later and has < later[1]:
        what = f"containerd {version}: Kubernetes {later[0]} will need {later[1][0]}.{later[1][1]} or newer"
        yield Finding(host, "ContainerdSupport", what)


TASK = Task(
    name="kubernetes-packages",
    title="kubelet, kubeadm and kubectl installed and held",
    resources=_resources,
    findings=_findings,
    asks=_asks,
)
