# preflight: facts
# case 1.30, host cp1
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
# include registry.sh without comments
  ask_registry registry.k8s.io https://registry.k8s.io/v2/pause/manifests/3.9 registry.k8s.io 443 &
  wait
fi
