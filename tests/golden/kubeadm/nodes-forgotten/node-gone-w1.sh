# nodes-forgotten: node-gone:w1
# case new-hosts, host cp1
# risk delete; about w1; settle 0; deadline 300
check() {
need_api
has=$(kubectl get node w1 --ignore-not-found -o name) || exit 12
[ -z "$has" ] || drift "$has" 
}

apply() {
kubectl delete node w1 --ignore-not-found --timeout=60s
}
