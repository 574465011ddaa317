"""Names that hosts need before cluster DNS is up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from k8sops.engine.facts import Fleet
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.files import block
from k8sops.roles.hosts.boot import hosts_template
from k8sops.roles.protocols import endpoint_of


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # Only what this host itself needs, so that a host added to the cluster changes no other one.
    planes = [(one.address, one.name) for one in spec.control_planes]
    if fleet.leaving >= {one.name for one in spec.control_planes}:
        return
    own = [] if host.is_control_plane else [(host.address, host.name)]
    name = endpoint_of(spec).name(spec)
    kept = [(_living(spec, fleet), name)] if name else []
    lines = [f"{address} {name}" for address, name in [*planes, *own, *kept]]
    yield block("/etc/hosts", spec.cluster, tuple(lines))
    yield hosts_template(spec.cluster, tuple(lines))


def _living(spec: ClusterSpec, fleet: Fleet) -> str:
    """The address of a control plane whose API serves: the one that most hosts have the API's own name point to, so
    that nothing changes while it is alive; when it has died, the next run points elsewhere."""
    planes = [one.name for one in spec.control_planes]
    serving = [spec.host(name).address for name in planes if fleet[name].api and name not in fleet.leaving]
    there = Counter(one.endpoint for one in fleet.facts.values() if one.endpoint in serving)
    return there.most_common(1)[0][0] if there else spec.host(fleet.delegate(planes)).address


TASK = Task(name="names", title="names of control planes and of the host resolve", resources=_resources)
