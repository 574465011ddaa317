"""Ports behind firewalls that this run opens: probed once they are open, before anything depends on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8sops.engine.facts import Fleet, Probe
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry

MOST_PEERS = 8
BLOCKED = "blocked"
"""The parameter that lists targets unreachable at the beginning of the run: HOST/ADDRESS/PORT, comma-separated."""


def peers(spec: ClusterSpec, host: HostEntry) -> Sequence[Probe]:
    """Hosts of the other role and the endpoint, with the ports of their role."""
    probes: list[Probe] = []
    for other in spec.control_planes:
        if other.name != host.name:
            members = host.is_control_plane and not spec.settings.etcd.external
            ports = (spec.endpoint_port, 2379, 2380) if members else (spec.endpoint_port,)
            probes += [Probe("Reach", other.address, port) for port in ports]
    if host.is_control_plane:
        probes += [Probe("Reach", other.address, 10250) for other in spec.workers[:MOST_PEERS]]
    return probes


def opened_first(spec: ClusterSpec, fleet: Fleet) -> dict[str, str]:
    """Hosts whose own firewall this run opens for the ports of their role (task `firewall`): name by address."""
    guarded = [host for host in spec.hosts if fleet[host.name].ufw or fleet[host.name].nft_chains]
    return {host.address: host.name for host in guarded if host.name in fleet.there}


def unreached(fleet: Fleet, host: HostEntry, probes: Sequence[Probe]) -> Iterator[tuple[Probe, str]]:
    """Probes of the host that failed, with the reason. Hosts that have joined probe nothing."""
    answers = fleet[host.name].probes
    for probe in probes:
        why = answers.get((probe.host, probe.port), "ok")
        if why != "ok" and not fleet[host.name].joined:
            yield probe, why


@dataclass(frozen=True)
class Blocked:
    """Ports that a host could not reach at the beginning of the run: (host, address, port)."""

    ports: tuple[tuple[str, str, str], ...]


def _decides(spec: ClusterSpec, fleet: Fleet) -> Iterator[Blocked]:
    """Facts that are gathered later in the run have no probes, so what is to be tried again is kept."""
    guarded = opened_first(spec, fleet)
    blocked = {
        (host.name, probe.host, str(probe.port))
        for host in spec.hosts
        for probe, _ in unreached(fleet, host, peers(spec, host))
        if probe.host in guarded
    }
    yield Blocked(tuple(sorted(blocked)))


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    blocked = fleet.decided(Blocked) or Blocked(())
    names = {other.address: other.name for other in spec.hosts}
    mine = [(names[address], address, port) for name, address, port in blocked.ports if name == host.name]
    if mine:
        yield reached(mine)


def reached(ports: Sequence[tuple[str, str, str]]) -> Resource:
    """The host can connect to these (name, address, port). A refused connection counts as reached."""
    tries = "\n".join(f"  try {quote(name)} {quote(address)} {quote(port)} &" for name, address, port in ports)
    return Resource(
        id="gate:reach",
        check=f"""try() {{
  local why
  why=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$2" "$3" 2>&1) && return
  case $why in *refused*) return ;; esac
  echo "cannot reach $1 ($2) port $3. This run opens its firewall first; if it is open, something else blocks the port"
}}
has=$(
{tries}
  wait
)
[ -z "$has" ] || drift "$(sort <<<"$has")" """,
        apply=None,
        settle=20,
        want="ports of the other hosts reachable",
    )


TASK = Task(name="reach", title="ports reachable once firewalls are open", resources=_resources, decides=_decides)
