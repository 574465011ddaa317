# etcd-restore-caught-up: flannel:told
# case restore, host cp1
# risk restart; after etcd:restored; settle 120; deadline 300
check() {
need_api
has=$(kubectl get nodes -o go-template='{{range .items}}{{with index .metadata.annotations "flannel.alpha.coreos.com/backend-data"}}{{else}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}') || exit 12
has=$(grep -xFf <(printf '%s\n' cp1 cp2 cp3 w1) <<<"$has" || true)
[ -z "$has" ] || drift "no annotations of flannel on: $(tr '\n' ' ' <<<"$has")" 
}

apply() {
kubectl get nodes -o go-template='{{range .items}}{{with index .metadata.annotations "flannel.alpha.coreos.com/backend-data"}}{{else}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}' | while read -r node; do
  kubectl -n kube-flannel delete pods --field-selector "spec.nodeName=$node" --wait=false </dev/null
done
}
