# container-runtime: docker-images
# case docker-mirrors, host cp1
# risk file; settle 0; deadline 1200
check() {
type -P kubeadm docker >/dev/null || drift
missing() {
  local image from
  for image in $(kubeadm config images list --kubernetes-version v1.36.3 --image-repository registry.k8s.io) \
    ghcr.io/flannel-io/flannel:v0.26.7 ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1 registry.k8s.io/pause:3.10.2 registry.k8s.io/e2e-test-images/agnhost:2.63.0; do
    case ${image##*/} in -) continue ;; esac
    case $image in
ghcr.io/*) from=harbor.example.com/proxy ;;
registry.k8s.io/*) from=mirror.example.com:5000 ;;
    *) continue ;;
    esac
    docker image inspect "$image" >/dev/null 2>&1 || echo "$image $from"
  done
}
has=$(missing)
[ -z "$has" ] || drift "$(sed 's/ .*//; s/^/missing: /' <<<"$has")" 
}

apply() {
missing() {
  local image from
  for image in $(kubeadm config images list --kubernetes-version v1.36.3 --image-repository registry.k8s.io) \
    ghcr.io/flannel-io/flannel:v0.26.7 ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1 registry.k8s.io/pause:3.10.2 registry.k8s.io/e2e-test-images/agnhost:2.63.0; do
    case ${image##*/} in -) continue ;; esac
    case $image in
ghcr.io/*) from=harbor.example.com/proxy ;;
registry.k8s.io/*) from=mirror.example.com:5000 ;;
    *) continue ;;
    esac
    docker image inspect "$image" >/dev/null 2>&1 || echo "$image $from"
  done
}
missing | while read -r image from; do
  docker pull --quiet "$from/${image#*/}" </dev/null
  docker tag "$from/${image#*/}" "$image"
  docker rmi "$from/${image#*/}" >/dev/null
done
}
