# kubeadm-join: kubeadm-join
# case planes, host w1
# risk file; settle 30; deadline 360
check() {
[ -f /etc/kubernetes/kubelet.conf ] && [ -f /var/lib/kubelet/config.yaml ] || drift
[ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] || drift "kubeadm join was interrupted" 
}

apply() {
trap 'rm -f /etc/kubernetes/k8sops/join.yaml' EXIT
mkdir -p /etc/kubernetes/k8sops
config='apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: api.example.com:6443
    token: "abcdef.SECRETHALFHERE00"
    caCertHashes: [sha256:5164b7c1b6effb9102d4e995ee2b9a84915addf07fe9665721bc04e314d1c55b]
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: 10.0.0.21
  name: w1

'
config=${config//SECRETHALFHERE00/"$SECRET_JOIN_TOKEN"}
printf %s "$config" | put_file /etc/kubernetes/k8sops/join.yaml 0600 root:root
if [ -f /etc/kubernetes/kubelet.conf ] || [ -f /etc/kubernetes/bootstrap-kubelet.conf ]; then
  rm -f /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt
  systemctl stop kubelet
fi
timeout -k 10 300 kubeadm join --config /etc/kubernetes/k8sops/join.yaml \
  --ignore-preflight-errors=DirAvailable--etc-kubernetes-manifests,Port-10250
}
