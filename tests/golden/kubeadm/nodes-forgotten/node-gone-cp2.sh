# nodes-forgotten: node-gone:cp2
# case new-hosts, host cp1
# risk delete; about cp2; settle 0; deadline 300
check() {
need_api
has=$(kubectl get node cp2 --ignore-not-found -o name) || exit 12
[ -z "$has" ] || drift "$has" 
}

apply() {
kubectl delete node cp2 --ignore-not-found --timeout=60s
}
