# etcd-rollback-caught-up: pods:restarted
# case rollback, host cp1
# risk restart; settle 10; deadline 300
check() {
need_api
has=$(kubectl get daemonsets -A -o go-template='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{with .spec.template.metadata.annotations}}{{index . "k8sops.restore"}}{{end}}{{"\n"}}{{end}}') || exit 12
has=$(awk -v restore=20261129T020202Z '$3 != restore' <<<"$has")
[ -z "$has" ] || drift "$has" 
}

apply() {
kubectl get daemonsets -A -o go-template='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{with .spec.template.metadata.annotations}}{{index . "k8sops.restore"}}{{end}}{{"\n"}}{{end}}' | while read -r namespace name _; do
  kubectl -n "$namespace" patch daemonset "$name" -p '{"spec":{"template":{"metadata":{"annotations":{"k8sops.restore":"20261129T020202Z"}}}}}' </dev/null
done
kubectl -n kube-system rollout restart deployment/coredns
}
