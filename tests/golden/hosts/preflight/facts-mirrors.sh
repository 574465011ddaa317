# preflight: facts
# case mirrors, host cp1
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
# include registry.sh without comments
  ask_registry ghcr.io https://harbor.example.com/v2/proxy/flannel-io/flannel/manifests/v0.26.7 harbor.example.com 443 &
  ask_registry registry.k8s.io http://mirror.example.com:5000/v2/pause/manifests/3.10.2 mirror.example.com 5000 &
  wait
fi
