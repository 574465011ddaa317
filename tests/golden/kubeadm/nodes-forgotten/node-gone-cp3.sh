# nodes-forgotten: node-gone:cp3
# case new-hosts, host cp1
# risk delete; about cp3; settle 0; deadline 300
check() {
need_api
has=$(kubectl get node cp3 --ignore-not-found -o name) || exit 12
[ -z "$has" ] || drift "$has" 
}

apply() {
kubectl delete node cp3 --ignore-not-found --timeout=60s
}
