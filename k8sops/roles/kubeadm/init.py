"""The control plane that `kubeadm init` makes."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.kubeadm.facts import CONFIG_DIR, INITIALISED

# After an interruption the files of the first attempt exist; kubeadm init handles them when it is repeated.
LEFT_BY_INIT = (
    "DirAvailable--etc-kubernetes-manifests,DirAvailable--var-lib-etcd,"
    "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml,"
    "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml,"
    "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml,"
    "FileAvailable--etc-kubernetes-manifests-etcd.yaml,"
    "Port-6443,Port-10250,Port-10257,Port-10259,Port-2379,Port-2380"
)


UNMARKED = f"""unmarked() {{
  local path
  [ ! -d {CONFIG_DIR} ] || return 0
  for path in /etc/kubernetes/manifests/{{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}}.yaml \\
    /etc/kubernetes/{{admin,controller-manager,scheduler}}.conf /var/lib/etcd/member; do
    [ ! -e "$path" ] || printf '%s\\n' "$path"
  done
}}"""
"""A shell function that prints the files of a control plane that k8sops has not begun to make."""


def kubeadm_init(config: str, *, ignore: Sequence[str] = ()) -> Resource:
    """A control plane made by `kubeadm init` from this configuration, all its phases done.

    The file INITIALISED proves it, which is written last; `admin.conf` alone proves nothing, it exists long before.
    What is missing from a cluster that was finished, as kube-proxy where Cilium replaces it, is not an unfinished
    start. Where an API server's manifest lies there and the API is silent, the answer is
    "unknown", so that a live control plane is never initialised again because a question failed; a first start that
    died before the manifest was written is drift.
    """
    path = f"{CONFIG_DIR}/init.yaml"
    return Resource(
        id="kubeadm-init",
        check=f"""{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || drift "a cluster that k8sops did not create:"$'\n'"$files"
if [ -f {INITIALISED} ]; then
  missing= manifest=manifests/kube-apiserver.yaml
  [ -f "/etc/kubernetes/$manifest" ] || missing="$manifest control-plane apiserver"
  [ -f "$KUBECONFIG" ] || missing="admin.conf kubeconfig admin"
  [ -z "$missing" ] || {{
    echo "/etc/kubernetes/${{missing%% *}} is missing, although this control plane was set up before"
    echo "restore it with: kubeadm init phase ${{missing#* }} --config {path}"
    exit 12
  }}
fi
[ -f /etc/kubernetes/manifests/kube-apiserver.yaml ] || drift
[ -f "$KUBECONFIG" ] || drift "admin.conf is missing"
if ! api_answers; then
  [ -d /var/lib/etcd/member/snap ] && [ -f {INITIALISED} ] || drift "kubeadm init was interrupted"
  unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
fi
[ -f {INITIALISED} ] || drift "kubeadm init was interrupted" """,
        apply=f"""[ ! -f {CONFIG_DIR}/initialised ] || {{ echo 'already initialised'; exit 1; }}
{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || {{ echo 'k8sops did not create this cluster, nothing was changed:' $files; exit 1; }}
mkdir -p {CONFIG_DIR}
printf %s {quote(config)} | put_file {path} 0600 root:root
systemctl is-active --quiet kubelet || systemctl reset-failed kubelet 2>/dev/null || true
timeout -k 10 600 kubeadm init --config {path} --skip-token-print \\
  --ignore-preflight-errors={",".join([LEFT_BY_INIT, *ignore])}
# kubeadm makes a token of 24 hours even where none is asked for; nothing joins with it.
kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name |
  while read -r token; do kubectl -n kube-system delete "$token"; done
date -u +%FT%TZ | put_file {CONFIG_DIR}/initialised 0644 root:root""",
        want=config,
        settle=120,
        deadline=660,
    )
