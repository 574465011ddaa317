"""flannel: its manifest and what else the cluster needs to know of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from k8sops.engine.render import render
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.manifests import Manifest, objects_of
from k8sops.roles.networks.flannel.settings import Flannel
from k8sops.roles.protocols import Network, Rollout

IMAGE = "ghcr.io/flannel-io/flannel:v0.26.7"
CNI_IMAGE = "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1"
VXLAN = "8472/udp"
"""flannel's port on Linux (its backends page)."""


def _settings(spec: ClusterSpec) -> Flannel:
    settings: Flannel = spec.settings.network.of(Flannel)
    return settings


class FlannelNetwork(Network):
    name = "flannel"
    makes_ready = True
    node_ranges = Flannel.node_ranges
    needs_kube_proxy = True
    namespaces = ("kube-flannel",)
    config = "10-flannel.conflist"
    delegating = ("flannel", "multus", "multus-shim")
    bridge = "cni0"
    links = ("cni0", "flannel.1")
    rules = ("FLANNEL", "CNI-", "cni0", "flannel[.]")
    files = ("/var/lib/cni", "/run/flannel")
    programs = ("/opt/cni/bin/flannel",)

    def manifests(self, spec: ClusterSpec) -> Sequence[Manifest]:
        text = flannel_manifest(spec)
        return [Manifest("flannel", text, tuple(objects_of(text)))]

    def images(self, spec: ClusterSpec) -> Sequence[str]:
        return IMAGE, CNI_IMAGE

    def ports(self, spec: ClusterSpec) -> Sequence[str]:
        return [VXLAN] if _settings(spec).backend == "vxlan" else []

    def rollouts(self, spec: ClusterSpec) -> Sequence[Rollout]:
        return [Rollout("DaemonSet", "kube-flannel", "kube-flannel-ds", after=("manifest:flannel",))]

    def after_restore(self, nodes: Sequence[str], *, after: str) -> Iterator[Resource]:
        yield flannel_told(nodes, after=after)

    def contradicts(self, spec: ClusterSpec, present: frozenset[str]) -> str:
        return "" if not present or self.name in present else ", ".join(sorted(present))


def flannel_manifest(spec: ClusterSpec) -> str:
    """flannel, with the backend that the inventory names."""
    backend = {"Type": _settings(spec).backend}
    net = json.dumps({"Network": str(spec.pods), "EnableNFTables": False, "Backend": backend})
    plugins = [
        {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    cni = json.dumps({"name": "cbr0", "cniVersion": "0.3.1", "plugins": plugins})
    digest = hashlib.sha256(f"{net}{cni}".encode()).hexdigest()[:16]
    return render(
        "networks/flannel.yaml.j2",
        spec=spec,
        image=IMAGE,
        cni_image=CNI_IMAGE,
        net_conf=net,
        cni_conf=cni,
        digest=digest,
    )


def flannel_told(nodes: Sequence[str], *, after: str) -> Resource:
    """Each of these nodes has flannel's annotations, which flannel writes only at its start.

    If the backup is older, other nodes would never reach its pods.
    """
    told = '{{range .items}}{{with index .metadata.annotations "flannel.alpha.coreos.com/backend-data"}}'
    told += '{{else}}{{.metadata.name}}{{"\\n"}}{{end}}{{end}}'
    return Resource(
        id="flannel:told",
        check=f"""need_api
has=$(kubectl get nodes -o go-template={quote(told)}) || exit 12
has=$(grep -xFf <(printf '%s\\n' {" ".join(map(quote, nodes))}) <<<"$has" || true)
[ -z "$has" ] || drift "no annotations of flannel on: $(tr '\\n' ' ' <<<"$has")" """,
        apply=f"""kubectl get nodes -o go-template={quote(told)} | while read -r node; do
  kubectl -n kube-flannel delete pods --field-selector "spec.nodeName=$node" --wait=false </dev/null
done""",
        want="annotations of flannel on every node",
        settle=120,
        risk="restart",
        after=(after,),
    )


NETWORK = FlannelNetwork()
