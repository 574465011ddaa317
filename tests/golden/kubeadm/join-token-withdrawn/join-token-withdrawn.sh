# join-token-withdrawn: join-token-withdrawn
# case bare, host cp1
# risk file; after join-token; settle 0; deadline 300
check() {
[ -f "$KUBECONFIG" ] || exit 0
need_api
has=$(kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name)
[ -z "$has" ] || drift "a join token exists"
}

apply() {
kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name | while read -r one; do kubectl -n kube-system delete --ignore-not-found "$one"; done
}
