"""What may befall a run: k8sops or a host dies, freezes, is cut off, at a moment that the run's own journal tells.

A strike waits for one of the steps that the run has planned, drawn by a seed, and comes a random part of that step's
usual time after its beginning: so it meets the inside of long steps, and not the pauses between two runs.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from conftest import Cluster

SEED = int(os.environ.get("K8SOPS_SEED", "4"))
STRIKES = int(os.environ.get("K8SOPS_STRIKES", "30"))
OVER_CLUSTERS = STRIKES // 4
"""So many of them strike a whole cluster, which costs six times as much as on bare hosts."""
FATES = {
    "kill": 6,  # kill -9 of k8sops
    "freeze": 1,  # SIGSTOP of k8sops, a while
    "cut": 4,  # every SSH session of a host is gone at once
    "pause": 2,  # a host stands still, a while
    "silence": 2,  # packets to and from a host are dropped, a while
    "reboot": 2,  # a host restarts in good order
    "crash": 4,  # kill -9 of PID 1 of a host, and a start
}
"""How often each of them is drawn."""
ENDINGS = (0, 3, 4, 7, -signal.SIGKILL)
"""How a run that was struck may end: done, a step failed, a host lost, somebody else at work, dead."""
_usual: dict[str, list[float]] = defaultdict(list)
"""How long each resource took to be changed in the runs so far."""


class Started:
    """A k8sops that runs beside the test, with a state folder of its own."""

    def __init__(self, hosts: Cluster, state: Path, *words: str) -> None:
        env = {**os.environ, "K8SOPS_INVENTORY": str(hosts.inventory), "XDG_STATE_HOME": str(state)}
        env |= {"KUBECONFIG": str(hosts.kubeconfig)}
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "-m", "k8sops", *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )  # fmt: skip

    def end(self, seconds: float = 120) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, out

    def events(self) -> list[dict[str, Any]]:
        """What its journal says so far; a line that is being written is passed over."""
        texts = [path.read_text() for path in self.state.rglob("*.jsonl")]
        return [json.loads(line) for text in texts for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def sees(self, wanted: Any, seconds: float) -> list[dict[str, Any]]:
        """The events that `wanted` takes, waited for while it runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            over = self.process.poll() is not None
            if found := [event for event in self.events() if wanted(event)]:
                return found
            if over:
                return []
            time.sleep(0.02)
        return []


@dataclass
class Strike:
    """One blow: what was struck in which phase, when, and how the run that it met ended."""

    phase: str
    fate: str = ""
    host: str = ""
    at: str = ""
    code: int | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        whom = "k8sops" if self.fate in ("kill", "freeze") else self.host
        return f"{self.phase}: {self.fate} of {whom} {self.at}; ended with {self.code} after {self.seconds:.0f} s"


@dataclass
class Tally:
    """All strikes of a module, summed up in one line in the end."""

    strikes: list[Strike] = field(default_factory=list)
    runs: int = 0
    converged: int = 0
    again: int = 0
    """Runs left in peace that did not come to their end, as on a machine that is too busy: the same once more did."""

    def summary(self) -> str:
        fates, phases = Counter(one.fate for one in self.strikes), Counter(one.phase for one in self.strikes)
        said = [", ".join(f"{name} {count}" for name, count in sorted(one.items())) for one in (fates, phases)]
        return (
            f"{len(self.strikes)} strikes ({said[0]}; in {said[1]}): "
            f"{self.converged} of {self.runs} times all converged and the run after changed nothing"
            f"; {self.again} times one more run was needed"
        )


def learn(running: Started) -> None:
    """How long its steps took."""
    for event in running.events():
        if event.get("type") == "step" and event.get("state") == "changed":
            _usual[event["resource"]].append(event["seconds"])


def _seconds(resource: str) -> float:
    return max(0.3, median(_usual[resource])) if _usual[resource] else 1.0


def _weight(resource: str) -> float:
    """The longer, the likelier; where only something is waited for, little can go wrong."""
    return _seconds(resource) * (0.2 if resource.startswith("gate:") else 1)


def moment(chance: random.Random, running: Started) -> tuple[str, str]:
    """Waits for the moment of a strike; (host, words that say when), empty where the run was over before."""
    if chance.random() < 0.1:
        wait = chance.uniform(0.3, 2.5)
        time.sleep(wait)
        return "", f"{wait:.2f} s after its start"
    if not running.sees(lambda event: event["type"] == "play.start", 120):
        return "", ""
    planned = sorted({(one["host"], one["resource"]) for one in running.events() if one["type"] == "planned"})
    host, resource = chance.choices(planned, [_weight(resource) for _, resource in planned])[0]
    part = chance.uniform(0, 0.8)

    def begins(event: dict[str, Any]) -> bool:
        return bool(
            event["type"] == "step"
            and (event["host"], event["resource"]) == (host, resource)
            and event["state"] in ("apply", "wait", "holds")
        )

    if not running.sees(begins, 400) or running.process.poll() is not None:
        return "", ""
    time.sleep(part * _seconds(resource))
    return host, f"{part * _seconds(resource):.2f} s into {host}/{resource}"


def strike(
    hosts: Cluster, names: Sequence[str], chance: random.Random, phase: str, state: Path, words: Sequence[str]
) -> Strike | None:
    """A run that is struck once; None where it was over before it could be."""
    fate = chance.choices(list(FATES), list(FATES.values()))[0]
    # Mostly the host at work; at times another one, that it speaks to.
    other = chance.choice(names) if chance.random() < 0.3 else ""
    since = time.monotonic()
    running = Started(hosts, state, *words)
    at, said = moment(chance, running)
    if not said or running.process.poll() is not None:
        code, text = running.end(600)
        learn(running)
        assert code in ENDINGS, text
        return None
    one = Strike(phase, fate, other or at or chance.choice(names), said)
    try:
        befall(hosts, running, one, chance)
    except BaseException:
        running.process.kill()
        running.end()
        raise
    one.code, text = running.end(700)
    learn(running)
    one.seconds = time.monotonic() - since
    assert "Traceback" not in text, text
    assert "a bug in k8sops" not in text, text
    assert one.code in ENDINGS, f"{one}\n{text}"
    return one


def befall(hosts: Cluster, running: Started, one: Strike, chance: random.Random) -> None:
    """It happens; what only lasts a while is over when this returns."""
    # Most are shorter than what counts as silence, some are longer.
    while_ = chance.choice([2, 4, 6, 8, 40])
    if one.fate == "kill":
        running.process.kill()
    elif one.fate == "freeze":
        running.process.send_signal(signal.SIGSTOP)
        time.sleep(while_)
        running.process.send_signal(signal.SIGCONT)
    elif one.fate == "cut":
        hosts.on(one.host, "pkill -9 -f 'sshd: ops' || true")
    elif one.fate == "pause":
        hosts.docker("pause", one.host)
        time.sleep(while_)
        hosts.docker("unpause", one.host)
    elif one.fate == "silence":
        with silent(address(hosts, one.host)):
            time.sleep(while_)
    elif one.fate == "reboot":
        hosts.docker("restart --time=20", one.host)
    else:
        hosts.docker("kill", one.host)
        hosts.docker("start", one.host)
    if one.fate in ("freeze", "pause", "silence"):
        one.at += f" for {while_} s"


@contextmanager
def silent(address: str) -> Iterator[None]:
    """No packet passes between this machine and the address, and nobody is told."""
    rules = (("INPUT", "--source"), ("OUTPUT", "--destination"))
    try:
        for chain, way in rules:
            subprocess.run(["iptables", "--wait", "--insert", chain, way, address, "--jump", "DROP"], check=True)
        yield
    finally:
        for chain, way in rules:
            subprocess.run(["iptables", "--wait", "--delete", chain, way, address, "--jump", "DROP"], check=False)


def address(hosts: Cluster, host: str) -> str:
    from k8sops.operations.inputs import load_spec

    return load_spec(hosts.inventory).host(host).address


# --- what must be true afterwards --------------------------------------------------------------------------------

TWICE, CONFIGS = "/var/lib/twice", "/var/lib/configs"


def watch_twice(hosts: Cluster, names: Sequence[str], programs: Sequence[str]) -> None:
    """From now on each host notes down when one of these programs is started while another of its kind still runs.

    And it keeps what kubeadm is given, so that the secrets in it can be looked for later.
    """
    script = f"""for program in {" ".join(programs)}; do
real=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin type -P $program) || continue
cat >/usr/local/sbin/$program <<END
#!/bin/bash
# What only asks apt may run beside what installs.
case " \\$* " in *" --simulate "*|*" indextargets "*) exec $real "\\$@" ;; esac
exec 7>>/run/once-$program
flock -n 7 || echo "$program \\$*" >>{TWICE}
for word; do case \\$word in /etc/kubernetes/k8sops/*.yaml) (umask 077; cat "\\$word" >>{CONFIGS}) ;; esac; done
exec $real "\\$@"
END
chmod +x /usr/local/sbin/$program
done"""
    for host in names:
        hosts.on(host, script)


def nothing_is_left(hosts: Cluster, names: Sequence[str]) -> None:
    """No step ran twice at once; no lock, script, half-written or secret file, or half-configured package is left."""
    # A script that lost its line ends at its next marker, at the latest after 30 s of silence.
    script = f"""sed 's/^/twice at once: /' {TWICE} 2>/dev/null || true
find /etc /root /usr/local /var/lib/kubelet /var/lib/k8sops /tmp -xdev \\( -name '.k8sops.*' -o -name 'tmp.??????????' \\) 2>/dev/null || true
ls /etc/kubernetes/k8sops/{{join,upload}}.yaml 2>/dev/null || true
dpkg --audit
for lock in /run/k8sops.lock /run/k8sops-run.lock; do
  [ ! -e $lock ] || flock -w 40 $lock true || echo "$lock is held"
done
for at in $(seq 45); do pgrep -f 'timeout -k 10 [0-9]* bash -c' >/dev/null || exit 0; sleep 1; done
ps -ef | grep bash"""
    left = {host: said for host in names if (said := hosts.on(host, script))}
    assert left == {}


def look_into(hosts: Cluster, names: Sequence[str]) -> None:
    """Prints what helps to understand why they do not come to rest: of nodes, pods, containers, kubelets."""
    kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=5s"
    script = f"""set +e
if [ -f /etc/kubernetes/admin.conf ]; then {kubectl} get nodes,pods,csr -A -o wide; fi
ctr -n k8s.io tasks list; journalctl --no-pager -u kubelet -n 60 -o cat; journalctl --no-pager -u containerd -n 20 -o cat"""
    for host in names:
        print(f"--- {host}:\n{hosts.on(host, f'( {script} ) 2>&1')}", flush=True)
