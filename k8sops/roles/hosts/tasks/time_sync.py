"""Time synchronisation, which etcd leases and certificates depend on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources import packaging
from k8sops.resources.packages import packages
from k8sops.resources.services import service

NAME, OWN = "time-sync", "systemd-timesyncd"
OTHERS = ("chrony", "ntpsec", "ntp", "openntpd")
"""Packages that keep the time. Others are found by what they provide, and by their units."""
UNITS = (
    *("chrony", "chronyd", "ntp", "ntpd", "ntpsec", "openntpd", "ntpd-rs", "timemaster"),
    *("ptp4l", "ptp4l@*", "phc2sys", "phc2sys@*", "vboxadd-service", "virtualbox-guest-utils"),
)
"""Units that keep the time, those of hypervisors and of other packagings too. More of them order themselves before
time-sync.target (systemd.special(7)); ntpd and openntpd do not."""
QUESTION = f"""keepers() {{
  local name status rest unit
  for name in {" ".join(OTHERS)}; do [ -z "${{HAS[$name]-}}" ] || return 0; done
  while read -r name status rest; do
    case "$status $rest" in 'installed '*time-daemon*) [ "$name" = {OWN} ] || fact more.time_keeper "$name" ;; esac
  done < <(dpkg-query -W -f '${{Package}} ${{db:Status-Status}} ${{Provides}}\\n' 2>/dev/null)
  for unit in $(systemctl show -P After time-sync.target 2>/dev/null) {".service ".join(UNITS)}.service; do
    case $unit in {OWN}.service|systemd-time-wait-sync.service|*.target|*.mount|*.slice) continue ;; esac
    # systemd keeps such a link of what it has started.
    for name in /run/systemd/units/invocation:$unit; do [ ! -L "$name" ] || fact more.time_keeper "${{name##*:}}"; done
  done
}}
# Where its own service is at work, nobody else is looked for.
if [ -z "${{HAS[{OWN}]-}}" ] ||
  {{ [ ! -e /run/systemd/container ] && [ ! -L /run/systemd/units/invocation:{OWN}.service ]; }}; then keepers; fi
# A container has the clock of its machine, and no word in it.
if [ ! -e /run/systemd/container ] && [ ! -e /run/systemd/timesync/synchronized ]; then
  fact more.time_synchronised "$(timedatectl show -P NTPSynchronized 2>/dev/null)"
fi"""


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    return f"{QUESTION}\n{packaging.plan_question(NAME, {OWN: None})}" if spec.settings.time_sync else ""


def keepers(facts: HostFacts) -> tuple[str, ...]:
    """Time services of a host other than systemd-timesyncd."""
    packaged = [name for name in OTHERS if name in facts.packages]
    found = [name.removesuffix(".service") for name in facts.more.get("time_keeper", ())]
    # The clock is synchronised, but by no service that we know.
    unknown = ["an unknown service"] if _synchronised(facts) == "yes" and OWN not in facts.packages else []
    return tuple(dict.fromkeys([*packaged, *found])) or tuple(unknown)


def _synchronised(facts: HostFacts) -> str:
    return "".join(facts.more.get("time_synchronised", ()))


@dataclass(frozen=True)
class OtherKeepers:
    """Hosts whose time another service synchronised at the beginning of the run."""

    hosts: frozenset[str]


def _decides(spec: ClusterSpec, fleet: Fleet) -> Iterator[OtherKeepers]:
    """Hosts with another time service; determined at the beginning of a run only."""
    yield OtherKeepers(frozenset(name for name, facts in fleet.facts.items() if keepers(facts)))


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    # A host keeps its other time service: two of them would stop or remove each other.
    kept = fleet.decided(OtherKeepers)
    if not spec.settings.time_sync or (kept and host.name in kept.hosts) or keepers(fleet[host.name]):
        return
    facts = fleet[host.name]
    yield packages(NAME, {OWN: None}, effects=packaging.effects(facts, NAME))
    yield service(OWN, running=not facts.container)


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    yield from packaging.held_findings(fleet, NAME)
    for host, facts in fleet.facts.items():
        names = keepers(facts) or ((OWN,) if OWN in facts.packages else ())
        if names and _synchronised(facts) == "no":
            yield Finding(host, "TimeSync", f"the clock is not synchronised (time service: {', '.join(names)})")


TASK = Task(
    name=NAME,
    title="clock synchronised by a time service",
    resources=_resources,
    findings=_findings,
    asks=_asks,
    decides=_decides,
)
