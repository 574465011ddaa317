"""An endpoint that the inventory sets: hosts must resolve it, and something should listen there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from k8sops.engine.facts import Fleet, HostFacts, Parameters, Probe
from k8sops.engine.findings import Finding
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.protocols import endpoint_of


def _asks(spec: ClusterSpec, host: HostEntry, parameters: Parameters) -> str:
    """Shell lines that resolve the endpoint on hosts that have not joined, by nsswitch.conf as programs do."""
    if not endpoint_of(spec).needs_dns(spec):
        return ""
    return f"""if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  fact more.endpoint_asked 1
  while read -r value kind _; do
    case $kind in STREAM) fact more.endpoint_address "$value" ;; esac
  done < <(timeout 5 getent ahosts {quote(spec.endpoint_host)} 2>/dev/null)
fi"""


def _probes(spec: ClusterSpec, host: HostEntry) -> Sequence[Probe]:
    if not endpoint_of(spec).elsewhere(spec):
        return ()
    return [Probe("EndpointSilent", spec.endpoint_host, spec.endpoint_port, served=True)]


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    exists = any(fleet[plane.name].initialised for plane in spec.control_planes)
    for host in spec.hosts:
        if host.name in fleet.facts and not fleet[host.name].joined:
            yield from _of_host(spec, host, fleet[host.name], exists=exists)


def _of_host(spec: ClusterSpec, host: HostEntry, facts: HostFacts, *, exists: bool) -> Iterator[Finding]:
    addresses = facts.more.get("endpoint_address", ())
    if endpoint_of(spec).needs_dns(spec) and "endpoint_asked" in facts.more and not addresses:
        yield Finding(host.name, "EndpointName", f"cannot resolve {spec.endpoint_host}, the endpoint of the inventory")
        return
    planes = {plane.address for plane in spec.control_planes}
    # Debian gives a host's own name to 127.0.1.1.
    itself = host.is_control_plane and any(ipaddress.ip_address(one).is_loopback for one in addresses)
    why = facts.probes.get((spec.endpoint_host, spec.endpoint_port), "ok")
    if why == "ok" or itself or planes & set(addresses):
        return
    at = f" ({', '.join(dict.fromkeys(addresses))})" if addresses else ""
    what = f"cannot connect to the endpoint {spec.endpoint}{at}: {why}"
    if exists:
        yield Finding(host.name, "EndpointUnreachable", what)
    else:
        yield Finding(host.name, "EndpointSilent", f"{what}. It is not the address of a control plane")


TASK = Task(name="endpoint", title="API endpoint resolves and answers", findings=_findings, asks=_asks, probes=_probes)
