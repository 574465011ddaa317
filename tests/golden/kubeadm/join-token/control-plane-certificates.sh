# join-token: control-plane-certificates
# case planes, host cp1
# risk file; settle 0; deadline 300
check() {
need_api
[ "$(kubectl -n kube-system get secret kubeadm-certs --ignore-not-found -o go-template='{{with .metadata.labels}}{{index . "k8sops.run"}}{{end}}')" = abcdef ] || drift
}

apply() {
# include tools.sh

# include upkeep.sh

gone=$(members_at https://10.0.0.12:2380 https://10.0.0.13:2380)
for one in $gone; do remove_member "$one"; done
trap 'rm -f /etc/kubernetes/k8sops/upload.yaml' EXIT
mkdir -p /etc/kubernetes/k8sops
config='apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: []
certificateKey: "CERTIFICATEKEYHERE"
localAPIEndpoint:
  advertiseAddress: 10.0.0.11
  bindPort: 6443
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: 10.0.0.11
  name: cp1
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: demo
kubernetesVersion: v1.36.3
imageRepository: registry.k8s.io
controlPlaneEndpoint: api.example.com:6443
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
  dnsDomain: cluster.local
apiServer:
  certSANs: [api.example.com, cp1, cp2, cp3, 10.0.0.11, 10.0.0.12, 10.0.0.13]
  extraArgs: []
controllerManager:
  extraArgs: []
scheduler:
  extraArgs: []
etcd:
  local:
    extraArgs: []
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables

'
config=${config//CERTIFICATEKEYHERE/"$SECRET_CERTIFICATE_KEY"}
printf %s "$config" | put_file /etc/kubernetes/k8sops/upload.yaml 0600 root:root
kubeadm init phase upload-certs --upload-certs --config /etc/kubernetes/k8sops/upload.yaml >/dev/null
# kubeadm makes a token beside them, whose end is theirs; it is withdrawn with them.
owners=$(kubectl -n kube-system get secret kubeadm-certs -o go-template='{{range .metadata.ownerReferences}}{{.name}} {{end}}')
for one in kubeadm-certs $owners; do
  kubectl -n kube-system label --overwrite secret "$one" app.kubernetes.io/managed-by=k8sops k8sops.run=abcdef
done
}
