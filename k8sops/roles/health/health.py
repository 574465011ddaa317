"""Health of a living cluster: the query of the API, and the problems that its answer shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8sops.engine.shell import Ask, asking, quote
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.kubernetes import LEASE_SECONDS, named
from k8sops.roles.health.lines import Health, Pod, parse
from k8sops.roles.protocols import network_of

__all__ = ["Health", "Problem", "asks", "parse", "problems", "script", "stale", "tell", "unready"]
KUBEADM_CONFIG = "ConfigMap kube-system/kubeadm-config"
KUBE_PROXY = "DaemonSet kube-system/kube-proxy"
COREDNS = "Deployment kube-system/coredns"
OBJECTS = (KUBEADM_CONFIG, KUBE_PROXY, COREDNS)
"""Objects that the last phases of `kubeadm init` create."""
PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
FAILING = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
    "StartError",
}
"""Waiting reasons of containers that do not resolve with time."""
PRESSURES = {
    "DiskPressure": "the disk is nearly full",
    "MemoryPressure": "memory is low",
    "PIDPressure": "process ids are running out",
}
GRACE, RECENT, HEARTBEAT = 60, 600, 40
"""Seconds: for how long a pod may be unready, within which its last death counts, and for which the lease of a
node holds (kubelet renews it every 10 s)."""
OFTEN = 3
"""Number of restarts from which a recently crashed pod is reported although it is ready."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in the cluster. `name`: as in the catalogue of findings; `node`: empty where it is about none.

    `broken`: something does not work now. Otherwise it is only worth knowing.
    """

    name: str
    node: str
    what: str
    broken: bool = True


def asks(spec: ClusterSpec) -> tuple[Ask, ...]:
    """Objects that `tell` queries."""
    return ("nodes",), ("health",), ("objects", *map(named, OBJECTS))


def tell() -> str:
    """Shell lines that print it; nothing if the API does not answer."""
    return f"if can_ask_api && api_answers; then tell_health {' '.join(map(quote, OBJECTS))}; fi"


def script(spec: ClusterSpec) -> str:
    """Shell lines that ask, and print it, for who looks at the whole cluster: of the pod network's pods too."""
    spaces = network_of(spec).namespaces
    beats = "! can_ask_api || node_leases | sed 's/^/beat /'"
    return "\n".join([*asking([*asks(spec), ("health", *spaces)]), tell(), beats])


def problems(spec: ClusterSpec, health: Health, planes: Sequence[str]) -> list[Problem]:
    """All problems, causes before their consequences; `planes`: nodes that are control planes."""
    return [
        *_of_nodes(health),
        *_of_heartbeats(health),
        *_of_control_plane(spec, health, planes),
        *_of_kubelets(health),
        *_of_addons(spec, health),
        *_of_pods(health),
    ]


def _of_nodes(health: Health) -> Iterator[Problem]:
    for node, what, kind in sorted(health.nodes):
        if what == "condition" and kind in PRESSURES:
            why = f"{kind}: {PRESSURES[kind]}. kubelet evicts pods, and starts no new ones"
            yield Problem("NodePressure", node, why)
        elif what == "condition":
            yield Problem("NodeCondition", node, f"reports the condition {kind}")
        elif what == "cordoned":
            yield Problem("NodeCordoned", node, "cordoned: no new pods are scheduled there", broken=False)


def _of_heartbeats(health: Health) -> Iterator[Problem]:
    # The API goes on calling a node Ready for up to 50 s; for ever where kube-controller-manager is dead.
    for node, at in sorted(health.beats.items()):
        if health.now - at > HEARTBEAT and node not in unready(health):
            what = f"no heartbeat for {round(health.now - at)} s, although the API says Ready: is kubelet running?"
            yield Problem("NodeSilent", node, what)


def unready(health: Health) -> frozenset[str]:
    """Nodes without heartbeat or not Ready: the cause why their pods are not ready."""
    return frozenset(node for node, what, _ in health.nodes if what == "ready")


def stale(health: Health) -> Iterator[tuple[str, int]]:
    """(controller, seconds since the last renewal) of leases without a live leader."""
    for name, at in sorted(health.leases.items()):
        if health.now - at > LEASE_SECONDS:
            yield name, round(health.now - at)


def _of_control_plane(spec: ClusterSpec, health: Health, planes: Sequence[str]) -> Iterator[Problem]:
    wanted = [part for part in PARTS if part != "etcd" or not spec.settings.etcd.external]
    for node in planes:
        there = [part for part in wanted if f"kube-system/{part}-{node}" in health.pods]
        # Where the node itself is silent, or nothing was to be heard of pods, that is the cause.
        for part in wanted if there and node not in unready(health) else ():
            if part not in there:
                manifest = f"/etc/kubernetes/manifests/{part}.yaml"
                yield Problem("ControlPlane", node, f"{part} does not run. Is {manifest} there and valid?")
    for name, seconds in stale(health):
        effect = "what the API says of nodes and roll-outs may be out of date" if "manager" in name else "no pod starts"
        yield Problem("ControlPlane", "", f"{name}: no leader for {seconds} s; {effect}")


def _of_kubelets(health: Health) -> Iterator[Problem]:
    for node, (_, name, pending) in sorted(health.requests.items()):
        if not pending:
            continue
        fails = not health.serving.get(node, True)
        effect = "kubectl logs, exec and port-forward fail there" if fails else "its present certificate still works"
        yield Problem(
            "KubeletServingCertificate",
            node,
            f"kubelet's serving certificate waits for approval: {effect} (kubectl certificate approve {name})",
            broken=fails,
        )


def _of_addons(spec: ClusterSpec, health: Health) -> Iterator[Problem]:
    replaced = not network_of(spec).needs_kube_proxy
    if KUBEADM_CONFIG in health.missing:
        what = "ConfigMap kube-system/kubeadm-config is missing: no node can join, and no upgrade is possible"
        yield Problem("KubeadmConfigMissing", "", what)
    if KUBE_PROXY in health.missing:
        effect = "fine only where the pod network replaces it" if replaced else "Services are not served"
        yield Problem("AddonMissing", "", f"DaemonSet kube-system/kube-proxy is missing: {effect}", broken=not replaced)
    if COREDNS in health.missing:
        what = "Deployment kube-system/coredns is missing: no name resolves in pods, unless another DNS serves them"
        yield Problem("AddonMissing", "", what)
    elif health.replicas.get(COREDNS) == 0:
        yield Problem("CoreDNS", "", "CoreDNS is scaled to 0 replicas: no name resolves in pods")


def _of_pods(health: Health) -> Iterator[Problem]:
    for name, pod in sorted(health.pods.items()):
        # A pod that failed for good is replaced by whoever owns it; those of a node that is not ready follow from that.
        gone = pod.phase == "Succeeded" or (pod.phase == "Failed" and pod.owned) or pod.ending
        if gone or pod.node in unready(health):
            continue
        what = _of_pod(pod, health.now)
        if what:
            part = name.removeprefix("kube-system/").removesuffix(f"-{pod.node}")
            kind = "ControlPlane" if part in PARTS else "SystemPods"
            node = "" if pod.node == "-" else pod.node
            yield Problem(kind, node, f"{name}: {what}", broken=not pod.ready)


def _of_pod(pod: Pod, now: float) -> str:
    """The problem of a pod; empty if there is none, or none yet."""
    died = max(pod.deaths, key=lambda death: death[1], default=None)
    death = f"restarted {died[0]} times, the last time {died[2]} (exit code {died[3]})" if died else ""
    failing = next((wait for wait in pod.waits if wait[0] in FAILING), None)
    if failing:
        return "; ".join(text for text in (failing[0], death or _short(failing[1])) if text)
    if died and died[0] >= OFTEN and now - died[1] < RECENT:
        return f"keeps crashing: {death}"
    if not pod.ready and now - pod.since > GRACE:
        waits = next((f"{reason} {message}".strip() for reason, message in pod.waits), "")
        return f"not ready for {round(now - pod.since)} s: {_short(waits or death or pod.why or pod.phase)}"
    return ""


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
