"""Names that hosts need before there is a DNS of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from k8sops.facts import Fleet
from k8sops.resource import Resource
from k8sops.resources.files import block
from k8sops.spec import ClusterSpec, HostEntry
from k8sops.task import Task


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # Only what this host itself needs, so that a host added to the cluster changes no other one.
    planes = [(one.address, one.name) for one in spec.control_planes]
    if fleet.leaving >= {one.name for one in spec.control_planes}:
        return
    own = [] if host.is_control_plane else [(host.address, host.name)]
    # The API's own name points to a control plane that is alive; when that one dies, the next run points elsewhere.
    living = spec.host(fleet.delegate([one.name for one in spec.control_planes])).address
    kept = [(living, spec.endpoint_host)] if spec.endpoint_kept else []
    lines = [f"{address} {name}" for address, name in [*planes, *own, *kept]]
    yield block("/etc/hosts", spec.cluster, tuple(lines))


TASK = Task(name="names", title="the names of control planes and of the host itself resolve", resources=_resources)
