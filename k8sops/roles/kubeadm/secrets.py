"""Files with secrets of the cluster, readable by root only."""

from __future__ import annotations

from k8sops.engine.resource import Resource

OPEN = r"""open_secrets() {
  local path paths=()
  for path in /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf \
    /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/pki /var/lib/kubelet/pki; do
    [ ! -e "$path" ] || paths+=("$path")
  done
  [ ${#paths[@]} = 0 ] || find -H "${paths[@]}" -type f \( -name '*.conf' -o -name '*.yaml' -o -name '*.key' \
    -o -path '/var/lib/kubelet/pki/*.pem' \) \( -perm /077 -o ! -user root \) -printf "$1"
}"""
"""A shell function that prints, in this form of find(1), the files that others than root may read or write."""


def private_secrets() -> Resource:
    """Kubeconfigs, private keys and manifests of kubeadm owned by root, and accessible to nobody else."""
    return Resource(
        id="secrets:private",
        check=f"""[ -d /etc/kubernetes ] || exit 0
{OPEN}
has=$(open_secrets '%p is %m %u:%g, wanted root only\\n')
[ -z "$has" ] || drift "$has" """,
        # Modes are only tightened: one that is stricter than kubeadm's stays.
        apply=f"""{OPEN}
open_secrets '%p\\0' | while IFS= read -r -d '' path; do
  chown root:root "$path"
  chmod go-rwx "$path"
done""",
        want="readable by root only",
    )
