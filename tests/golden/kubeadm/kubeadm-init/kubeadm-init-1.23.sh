# kubeadm-init: kubeadm-init
# case 1.23, host cp1
# risk file; settle 120; deadline 660
check() {
unmarked() {
  local path
  [ ! -d /etc/kubernetes/k8sops ] || return 0
  for path in /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/{admin,controller-manager,scheduler}.conf /var/lib/etcd/member; do
    [ ! -e "$path" ] || printf '%s\n' "$path"
  done
}
files=$(unmarked)
[ -z "$files" ] || drift "a cluster that k8sops did not create:"$'
'"$files"
if [ -f /etc/kubernetes/k8sops/initialised ]; then
  missing= manifest=manifests/kube-apiserver.yaml
  [ -f "/etc/kubernetes/$manifest" ] || missing="$manifest control-plane apiserver"
  [ -f "$KUBECONFIG" ] || missing="admin.conf kubeconfig admin"
  [ -z "$missing" ] || {
    echo "/etc/kubernetes/${missing%% *} is missing, although this control plane was set up before"
    echo "restore it with: kubeadm init phase ${missing#* } --config /etc/kubernetes/k8sops/init.yaml"
    exit 12
  }
fi
[ -f /etc/kubernetes/manifests/kube-apiserver.yaml ] || drift
[ -f "$KUBECONFIG" ] || drift "admin.conf is missing"
if ! api_answers; then
  [ -d /var/lib/etcd/member/snap ] && [ -f /etc/kubernetes/k8sops/initialised ] || drift "kubeadm init was interrupted"
  unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
fi
[ -f /etc/kubernetes/k8sops/initialised ] || drift "kubeadm init was interrupted" 
}

apply() {
[ ! -f /etc/kubernetes/k8sops/initialised ] || { echo 'already initialised'; exit 1; }
unmarked() {
  local path
  [ ! -d /etc/kubernetes/k8sops ] || return 0
  for path in /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/{admin,controller-manager,scheduler}.conf /var/lib/etcd/member; do
    [ ! -e "$path" ] || printf '%s\n' "$path"
  done
}
files=$(unmarked)
[ -z "$files" ] || { echo 'k8sops did not create this cluster, nothing was changed:' $files; exit 1; }
mkdir -p /etc/kubernetes/k8sops
printf %s 'apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
bootstrapTokens: []
localAPIEndpoint:
  advertiseAddress: 10.0.0.11
  bindPort: 6443
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
    node-ip: 10.0.0.11
  name: cp1
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
clusterName: demo
kubernetesVersion: v1.23.17
imageRepository: registry.k8s.io
controlPlaneEndpoint: demo-api:6443
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
  dnsDomain: cluster.local
apiServer:
  certSANs: [demo-api, cp1, 10.0.0.11]
  extraArgs: {}
controllerManager:
  extraArgs: {}
scheduler:
  extraArgs: {}
etcd:
  local:
    extraArgs: {}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables

' | put_file /etc/kubernetes/k8sops/init.yaml 0600 root:root
systemctl is-active --quiet kubelet || systemctl reset-failed kubelet 2>/dev/null || true
timeout -k 10 600 kubeadm init --config /etc/kubernetes/k8sops/init.yaml --skip-token-print \
  --ignore-preflight-errors=DirAvailable--etc-kubernetes-manifests,DirAvailable--var-lib-etcd,FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml,FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml,FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml,FileAvailable--etc-kubernetes-manifests-etcd.yaml,Port-6443,Port-10250,Port-10257,Port-10259,Port-2379,Port-2380
# kubeadm makes a token of 24 hours even where none is asked for; nothing joins with it.
kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name |
  while read -r token; do kubectl -n kube-system delete "$token"; done
date -u +%FT%TZ | put_file /etc/kubernetes/k8sops/initialised 0644 root:root
}
