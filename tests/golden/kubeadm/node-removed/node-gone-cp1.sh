# node-removed: node-gone:cp1
# case reset-plane, host cp2
# risk delete; about cp1; settle 0; deadline 300
check() {
need_api
has=$(kubectl get node cp1 --ignore-not-found -o name) || exit 12
[ -z "$has" ] || drift "$has" 
}

apply() {
kubectl delete node cp1 --ignore-not-found --timeout=60s
}
