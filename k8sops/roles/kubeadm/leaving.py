"""Removal of a node from the cluster, and of Kubernetes from its host."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.kubeadm.facts import CONFIG_DIR
from k8sops.roles.protocols import networks

RULES = ("KUBE-",)
"""What lines of iptables-save name that are kube-proxy's."""
LINKS = ("kube-ipvs0", "nodelocaldns")
POD_PROCESSES = "{ find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs -exec grep -hvx 0 {} + 2>/dev/null || :; }"
"""Shell words that print the processes of pods, which kubelet keeps below one cgroup.

Below that of this host: pods of a cluster in containers, as kind makes them, lie deeper. 0 is what cannot be seen.
"""


def undoing_kubeadm(socket: str, *, seconds: int) -> str:
    """Shell lines after which nothing that `kubeadm init` or `join` made is left, and no pod runs.

    `kubeadm reset` only warns of containers that the runtime did not end in time, and goes on. A pod that outlives it
    is taken for its own by the kubelet of the next join, and will not do again what it has done once: flannel writes
    its configuration at its start. `seconds` is for one of two attempts.
    """
    units = "docker cri-docker" if "cri-dockerd" in socket else "containerd"
    reset = f"timeout -k 10 {seconds} kubeadm reset --force --cri-socket {quote(socket)}"
    return f"""systemctl start {units} || echo 'the container runtime does not start: killing pods without it'
if type -P kubeadm >/dev/null; then
  # Its member of etcd is removed elsewhere, by its id: a cluster that is no more cannot be asked.
  reset=({reset} --skip-phases=remove-etcd-member)
  {{ "${{reset[@]}}" && [ -z "$({POD_PROCESSES})" ]; }} || "${{reset[@]}}"
fi
systemctl stop kubelet 2>/dev/null || true
for _ in {{1..20}}; do
  pids=$({POD_PROCESSES})
  [ -n "$pids" ] || break
  kill -9 $pids 2>/dev/null || true
  sleep 0.5
done
[ -z "$pids" ] || {{ echo 'cannot kill these processes of pods:' $pids; exit 1; }}"""


def node_gone(name: str) -> Resource:
    """The Node object deleted."""
    who = quote(name)
    return Resource(
        id=f"node-gone:{name}",
        check=f"""need_api
has=$(kubectl get node {who} --ignore-not-found -o name) || exit 12
[ -z "$has" ] || drift "$has" """,
        apply=f"kubectl delete node {who} --ignore-not-found --timeout=60s",
        want="no Node object",
        risk="delete",
        about=name,
    )


def volumes_unmounted() -> Resource:
    """No pod volume mounted: `kubeadm reset` would unmount it while a program writes to it."""
    return Resource(
        id="gate:volumes-unmounted",
        check='has=$(pod_volumes)\n[ -z "$has" ] || drift "$has"',
        apply=None,
        settle=60,
        want="no pod volume mounted",
    )


def kubernetes_gone(socket: str, homes: Sequence[str]) -> Resource:
    """Pods, certificates, manifests and etcd data of a cluster removed from this host. Packages stay.

    A kubeconfig in one of `homes` is removed only if it is a copy of this cluster's admin.conf.
    """
    kubeconfigs = " ".join(quote(f"{home}/.kube/config") for home in homes)
    return Resource(
        id="kubernetes-gone",
        check=f"""has=$(ls -d /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /etc/kubernetes/pki/* \\
  {CONFIG_DIR} /var/lib/kubelet/config.yaml /var/lib/kubelet/pki /var/lib/etcd/member* 2>/dev/null || true)
running=$(ps -o comm= -p "$({POD_PROCESSES} | paste -sd,)" 2>/dev/null | sort -u | paste -sd' ' || true)
[ -z "$running" ] || has+="${{has:+$'\\n'}}processes of pods: $running"
[ -z "$has" ] || drift "$has" """,
        apply=f"""for one in {kubeconfigs}; do
  if [ -f "$KUBECONFIG" ] && [ ! -L "$one" ] && cmp -s "$KUBECONFIG" "$one"; then rm -f "$one"; fi
done
{undoing_kubeadm(socket, seconds=150)}
rm -rf /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /etc/kubernetes/pki /etc/kubernetes/tmp \\
  /var/lib/kubelet/config.yaml /var/lib/kubelet/pki /var/lib/etcd/member* /var/lib/k8sops/restore
# The mark that all this was made by k8sops goes last, so that a reset that dies can be run again.
rm -rf {CONFIG_DIR}""",
        want="no pods, certificates, manifests or etcd data",
        risk="delete",
        deadline=360,
    )


def network_gone() -> Resource:
    """Links, iptables rules and configuration of the pod network and kube-proxy removed."""
    plugins = networks()
    links = " ".join([*(link for one in plugins for link in one.links), *LINKS])
    rules = "|".join([*RULES, *(rule for one in plugins for rule in one.rules)])
    configs = [f"/etc/cni/net.d/{one.config}" for one in plugins if one.config]
    files = [path for one in plugins for path in one.files]
    programs = [path for one in plugins for path in one.programs]
    saves = "iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save"
    return Resource(
        id="pod-network-gone",
        check=f"""DRIFTED=
for link in {links}; do
  if [ -e "/sys/class/net/$link" ]; then echo "link $link"; DRIFTED=1; fi
done
for save in {saves}; do
  type -P $save >/dev/null || continue
  rules=$($save 2>/dev/null | grep -cE '{rules}' || true)
  if [ "$rules" -gt 0 ]; then echo "$rules lines of $save"; DRIFTED=1; fi
done
for path in {" ".join([*configs, *files])}; do
  if [ -e $path ]; then echo $path; DRIFTED=1; fi
done
[ -z "$DRIFTED" ] || drift""",
        apply=f"""for link in {links}; do
  if [ -e "/sys/class/net/$link" ]; then ip link delete "$link"; fi
done
for save in {saves}; do
  type -P $save >/dev/null || continue
  rules=$($save 2>/dev/null)
  # A table at a time is replaced as a whole, by itself without what is ours.
  if grep -qE '{rules}' <<<"$rules"; then grep -vE '{rules}' <<<"$rules" | "${{save%-save}}-restore"; fi
done
rm -rf {" ".join([*configs, *programs, *files])}""",
        want="no links, rules or configuration of the pod network",
        risk="delete",
        after=("kubernetes-gone",),
        settle=5,
    )
