"""Deaths while a cluster is made, mended, enlarged and taken down, at random steps of the site and of resets.

Each cycle is one piece of a cluster's life, in one or two legs; a leg is struck some times, begun again by the same
command each time, and then comes to its end by that command alone.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import strikes
from conftest import Cluster
from sampler import in_files, on_host, sampling
from strikes import SEED, Tally

from k8sops.engine.journal import state_dir
from k8sops.engine.shell import quote

pytestmark = pytest.mark.beside
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
HOSTS = ("cp1", "cp2", "w1")
STRIKES = strikes.OVER_CLUSTERS
FROM = int(os.environ.get("K8SOPS_FROM", "0"))
"""The cycle to begin with, where an earlier run of the same seed has been through those before it."""
APPLY = ("apply", "--yes", "--allow", "restart,drain,delete", "--wait", "120")
LIVES = {"drift": 5, "worker": 5, "plane": 3, "all": 2}
"""How often each kind of cycle is drawn."""
DRIFT = (
    ("any", "echo 0 >/proc/sys/net/ipv4/ip_forward; rm -f /etc/sysctl.d/*k8sops*"),
    ("any", "rm -f /etc/profile.d/k8sops.sh /etc/modules-load.d/k8sops.conf"),
    ("any", "echo '# mine' >>/etc/containerd/config.toml"),
    ("any", "systemctl stop kubelet; apt-mark unhold kubelet >/dev/null"),
    ("any", "dpkg --remove --force-depends socat ethtool >/dev/null 2>&1"),
    ("any", "rm -f /etc/apt/sources.list.d/kubernetes.list"),
    ("cp1", "rm -f /root/.kube/config"),
    ("cp1", f"{KUBECTL} -n kube-flannel delete daemonset kube-flannel-ds --wait=false >/dev/null 2>&1 || true"),
)
"""Where, and how the host comes to differ from its inventory."""


@dataclass(frozen=True)
class Leg:
    """A command that is struck this many times, and then left in peace."""

    phase: str
    words: tuple[str, ...]
    strikes: int


def life(at: int) -> tuple[str, tuple[Leg, ...]]:
    """The kind of this cycle, and its legs; the first one begins with bare hosts."""
    chance = random.Random(f"{SEED}:life:{at}")
    kind = chance.choices(list(LIVES), list(LIVES.values()))[0] if at else "bare"
    first, second = chance.randint(0, 2), chance.randint(2, 4)
    reset = {"worker": ("w1",), "plane": ("cp2",), "all": ("--all",)}.get(kind)
    made = Leg(
        {"worker": "join", "plane": "join of a control plane", "drift": "drift"}.get(kind, "init"), APPLY, second
    )
    if not reset:
        return kind, (made,)
    return kind, (Leg("reset", ("reset", *reset, "--confirm", "deaths", "--wait", "120"), first), made)


def lives() -> list[int]:
    """More cycles than hold all strikes: some runs are over before they can be struck."""
    done, count = 0, 0
    while done < STRIKES * 2:
        done, count = done + sum(leg.strikes for leg in life(count)[1]), count + 1
    return list(range(FROM, count))


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("deaths"), "deaths")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--control-planes", "2", "--workers", "1")
    strikes.watch_twice(made, HOSTS, ("apt-get", "sync"))
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    made = Tally()
    yield made
    print(f"\nseed {SEED}, clusters: {made.summary()}")


@pytest.fixture(scope="module")
def seen() -> Iterator[set[str]]:
    with sampling(0.5) as processes:
        yield processes


@pytest.mark.parametrize("at", lives())
def test_whatever_strikes_the_same_command_again_converges(
    hosts: Cluster, tally: Tally, tmp_path: Path, at: int
) -> None:
    if len(tally.strikes) >= STRIKES:
        return
    legs = life(at)[1]
    chance = random.Random(f"{SEED}:strikes:{at}")
    for number, leg in enumerate(legs):
        struck(hosts, tally, chance, leg, tmp_path / str(number), f"seed {SEED}, cycle {at}")
        converges(hosts, tally, leg.words, f"seed {SEED}, cycle {at}, {leg.phase}")
    as_it_should_be(hosts)
    strikes.nothing_is_left(hosts, HOSTS)
    strikes.watch_twice(hosts, HOSTS, ("apt-get", "sync", "kubeadm"))
    tally.converged += len(legs)


def struck(hosts: Cluster, tally: Tally, chance: random.Random, leg: Leg, folder: Path, said: str) -> None:
    for number in range(leg.strikes):
        if leg.phase == "drift":
            for where, what in chance.sample(DRIFT, 2):
                # A host that has just been struck may have neither bus nor API yet: then it drifts the less.
                hosts.on(chance.choice(HOSTS) if where == "any" else where, f"set +e\n{what}\ntrue")
        one = strikes.strike(hosts, HOSTS, chance, leg.phase, folder / str(number), leg.words)
        if one is None:
            print(f"{said}, {leg.phase}: over before it could be struck", flush=True)
            if leg.phase != "drift":
                # It has converged: there is nothing left to strike.
                return
            continue
        tally.strikes.append(one)
        print(f"{said}, {one}", flush=True)


def converges(hosts: Cluster, tally: Tally, words: Sequence[str], said: str) -> None:
    """The same command comes to its end, and the one after it has nothing to do."""
    tally.runs += 1
    for _ in range(3):
        ran = hosts.k8sops(*words, expect=None)
        print(f"{said}: again, ended with {ran.code}", flush=True)
        if ran.code == 0:
            break
        print(f"{ran.out}\n{ran.err}", flush=True)
        tally.again += 1
    if ran.code:
        strikes.look_into(hosts, HOSTS)
    assert ran.code == 0, "not within three runs"
    if words[0] == "apply":
        assert hosts.unsettled() == []
    else:
        assert "no changes" in hosts.k8sops(*words, "--check").out


def as_it_should_be(hosts: Cluster) -> None:
    """All nodes and no others, all members of etcd and no others, no token, no uploaded certificate."""
    status = hosts.healthy()
    assert [(one["name"], one["ready"]) for one in status["nodes"]] == [(name, True) for name in HOSTS]
    secrets = hosts.on("cp1", f"{KUBECTL} -n kube-system get secrets -o name")
    assert "bootstrap-token" not in secrets
    assert "kubeadm-certs" not in secrets
    pki = "/etc/kubernetes/pki/etcd"
    ask = f"{KUBECTL} -n kube-system exec etcd-cp1 -- etcdctl --cacert={pki}/ca.crt --cert={pki}/peer.crt --key={pki}/peer.key member list"
    lines = [line.split(", ") for line in hosts.on("cp1", ask).splitlines()]
    assert sorted((one[1], one[2], one[5]) for one in lines) == [
        ("started", "cp1", "false"),
        ("started", "cp2", "false"),
    ]


def test_the_cluster_is_in_good_health(hosts: Cluster) -> None:
    assert all(one["passed"] for one in hosts.k8sops("verify", "-o", "json").data()["tests"])


def test_pods_that_their_runtime_does_not_end_do_not_outlive_a_reset(hosts: Cluster) -> None:
    """Else the next join would meet the old flannel, which does not write its configuration again."""
    pods = "cat $(find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs 2>/dev/null || true) </dev/null"
    assert hosts.on("w1", pods)
    hosts.on("w1", "systemctl stop containerd; systemctl mask --runtime --quiet containerd")
    assert "flanneld" in hosts.k8sops("reset", "w1", "--confirm", "deaths").out
    assert hosts.on("w1", pods) == ""
    hosts.on("w1", "systemctl unmask --runtime --quiet containerd")
    hosts.k8sops(*APPLY)
    as_it_should_be(hosts)


SECOND = "[Service]\nExecStartPre=/bin/sh -c '[ -e /run/once ] || { touch /run/once; exit 1; }'\n"
"""kubelet fails at its first start after a boot, and comes back by itself 10 s later."""


def test_a_control_plane_that_boots_is_waited_for_before_kubelet_runs(hosts: Cluster) -> None:
    drop_in = "/etc/systemd/system/kubelet.service.d/slow.conf"
    hosts.on("cp1", f"mkdir -p {drop_in.rpartition('/')[0]}; printf %s {quote(SECOND)} >{drop_in}")
    hosts.docker("restart", "cp1")
    ran = hosts.k8sops("reset", "w1", "--check")
    assert "waiting" in ran.out + ran.err
    assert "drained:w1" in ran.out
    hosts.on("cp1", f"rm {drop_in}; systemctl daemon-reload")


def test_a_kubelet_that_was_stopped_is_started_before_any_api_server_is_asked(hosts: Cluster) -> None:
    for host in ("cp1", "cp2"):
        hosts.on(host, "systemctl disable --now kubelet 2>/dev/null")
        hosts.docker("restart", host)
    hosts.k8sops(*APPLY)
    assert hosts.unsettled() == []
    as_it_should_be(hosts)


def test_no_secret_of_any_join_is_found_anywhere(
    hosts: Cluster, seen: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Those of runs that died among them: their tokens' secret halves, and the keys that certificates were sealed with."""
    configs = "".join(hosts.on(host, f"cat {strikes.CONFIGS} 2>/dev/null || true") for host in HOSTS)
    values = set(re.findall(r"token: *\"?[a-z0-9]{6}[.]([a-z0-9]{16})", configs))
    values |= set(re.findall(r"certificateKey: *\"?([0-9a-f]{64})", configs))
    assert values
    assert [one for one in values if any(one in text for text in seen)] == []
    assert in_files([tmp_path_factory.getbasetemp(), state_dir()], values) == []
    for host in HOSTS:
        assert on_host(hosts, host, values, f"^{strikes.CONFIGS}$") == ""
    print(f"seed {SEED}: {len(values)} secrets of joins, {len(seen)} arguments and environments seen, 0 found")
