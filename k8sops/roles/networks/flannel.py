"""flannel: its manifest and the images that it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from k8sops.engine.render import render
from k8sops.inventory.spec import FLANNEL, FLANNEL_CNI, ClusterSpec


def images(spec: ClusterSpec) -> Sequence[str]:
    return FLANNEL, FLANNEL_CNI


def flannel_manifest(spec: ClusterSpec) -> str:
    """flannel, with the backend that the inventory names."""
    backend = {"Type": spec.settings.network.flannel.backend}
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
        image=FLANNEL,
        cni_image=FLANNEL_CNI,
        net_conf=net,
        cni_conf=cni,
        digest=digest,
    )
