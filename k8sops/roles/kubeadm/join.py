"""Workers and further control planes, by `kubeadm join`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote
from k8sops.roles.kubeadm.facts import CONFIG_DIR
from k8sops.roles.kubeadm.init import UNMARKED
from k8sops.roles.kubeadm.leaving import undoing_kubeadm


def with_secrets(config: str, secrets: Mapping[str, Secret], path: str) -> str:
    """Shell lines that write the file, 0600, with each placeholder's secret in its place."""
    lines = [f"mkdir -p {CONFIG_DIR}", f"config={quote(config)}"]
    lines += [f'config=${{config//{placeholder}/"${secret.variable}"}}' for placeholder, secret in secrets.items()]
    return "\n".join([*lines, f'printf %s "$config" | put_file {path} 0600 root:root'])


def _masked(config: str, secrets: Mapping[str, Secret]) -> str:
    for placeholder in secrets:
        config = config.replace(placeholder, "***")
    return config


def kubeadm_join(config: str, secrets: Mapping[str, Secret], *, ignore: Sequence[str] = ()) -> Resource:
    """This host is a node of the cluster: its kubelet has a certificate signed by the cluster's CA.

    `secrets` are put into `config` where their placeholders stand; the file is removed after the join.
    """
    path = f"{CONFIG_DIR}/join.yaml"
    return Resource(
        id="kubeadm-join",
        check="""[ -f /etc/kubernetes/kubelet.conf ] && [ -f /var/lib/kubelet/config.yaml ] || drift
[ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] || drift "kubeadm join was interrupted" """,
        apply=f"""trap 'rm -f {path}' EXIT
{with_secrets(config, secrets, path)}
if [ -f /etc/kubernetes/kubelet.conf ] || [ -f /etc/kubernetes/bootstrap-kubelet.conf ]; then
  rm -f /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt
  systemctl stop kubelet
fi
timeout -k 10 300 kubeadm join --config {path} \\
  --ignore-preflight-errors={",".join(["DirAvailable--etc-kubernetes-manifests", "Port-10250", *ignore])}""",
        want=_masked(config, secrets),
        secrets=tuple(secrets.values()),
        settle=30,
        deadline=360,
    )


def control_plane_join(
    name: str, config: str, secrets: Mapping[str, Secret], *, socket: str, ignore: Sequence[str] = ()
) -> Resource:
    """This host is a control plane of the cluster, with an API server and a member of etcd of its own.

    An interrupted join is undone and repeated; its member of etcd was removed when the certificates were
    uploaded. Where a join was finished and the API is silent, nothing is touched.
    """
    path = f"{CONFIG_DIR}/join.yaml"
    role = quote(f"{name} label node-role.kubernetes.io/control-plane=")
    return Resource(
        id="control-plane-join",
        check=f"""[ -f {CONFIG_DIR}/initialised ] || drift
api_answers || unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
[ -n "${{NODE[{role}]-}}" ] || drift "the node is not a control plane" """,
        apply=f"""[ ! -f {CONFIG_DIR}/initialised ] || {{ echo 'was already a control plane; reset it first'; exit 1; }}
{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || {{ echo 'k8sops did not create this control plane, nothing was changed:' $files; exit 1; }}
if [ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] && [ ! -e /etc/kubernetes/scheduler.conf ]; then
  # kubeadm writes scheduler.conf before kubelet starts, so this is no join of a control plane that died.
  echo 'this host is already a worker: run k8sops reset {name}, then k8sops apply'
  exit 1
fi
if [ -e /etc/kubernetes/kubelet.conf ] || [ -e /etc/kubernetes/manifests ] || [ -e /var/lib/etcd/member ]; then
  echo 'an earlier join was interrupted: undoing it first'
  {undoing_kubeadm(socket, seconds=60)}
  rm -rf /var/lib/etcd/member
fi
trap 'rm -f {path}' EXIT
{with_secrets(config, secrets, path)}
timeout -k 10 600 kubeadm join --config {path} --ignore-preflight-errors={",".join(["Port-10250", *ignore])}
date -u +%FT%TZ | put_file {CONFIG_DIR}/initialised 0644 root:root""",
        want=_masked(config, secrets),
        secrets=tuple(secrets.values()),
        settle=120,
        deadline=780,
        asks=(("nodes",),),
    )
