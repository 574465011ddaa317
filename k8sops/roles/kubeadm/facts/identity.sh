# What a host says about the cluster that it is part of, for identity.py. Only files are read; a bare host costs nothing.
# shellcheck shell=bash
# plane: files that only a control plane has (kubeadm: constants.go).
for path in /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
  /etc/kubernetes/{admin,super-admin,controller-manager,scheduler}.conf /var/lib/etcd/member; do
  [ ! -e "$path" ] || fact more.plane "$path"
done
for path in /etc/kubernetes/{kubelet,bootstrap-kubelet}.conf; do [ ! -e "$path" ] || fact more.node "$path"; done
# marked: k8sops has begun to make a control plane or a node here, or to restore one (resources/kubernetes.py).
if [ -d /etc/kubernetes/k8sops ] || [ -d /var/lib/k8sops/restore ] || [ -e /var/lib/etcd/member/k8sops-restore ]; then
  fact more.marked 1
fi
while read -r _ line; do
  case $line in
  --service-cluster-ip-range=*) fact more.services "${line#*=}" ;;
  --cluster-cidr=*) fact more.pods "${line#*=}" ;;
  --cluster-name=*) fact more.cluster-name "${line#*=}" ;;
  */kube-apiserver:v*) fact more.version "${line##*:v}" ;;
  esac
done 2>/dev/null < <(
  for path in /etc/kubernetes/manifests/kube-{apiserver,controller-manager}.yaml; do
    [ ! -f "$path" ] || printf '%s\n' "$(<"$path")"
  done
)
# The endpoint of the cluster: kubelet of a control plane may use its own API server (KEP-4471), admin.conf does not.
for path in /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf; do
  while read -r key line; do
    [ "$key" != server: ] || { fact more.endpoint "$line"; break 2; }
  done 2>/dev/null <"$path"
done
while read -r key line; do
  [ "$key" != clusterDomain: ] || fact more.dns-domain "$line"
done 2>/dev/null </var/lib/kubelet/config.yaml
# The certificate of kubelet names its node; the key in the same file stays where it is.
key=
while IFS= read -r line; do
  case $line in *"BEGIN CERTIFICATE"*) key=1 ;; esac
  [ -z "$key" ] || fact more.kubelet-certificate "$line"
  case $line in *"END CERTIFICATE"*) break ;; esac
done 2>/dev/null </var/lib/kubelet/pki/kubelet-client-current.pem
for path in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do [ ! -f "$path" ] || fact more.cni "${path##*/}"; done
