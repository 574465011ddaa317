# uncordoned: uncordoned:w1
# case rolling, host w1
# risk file; about w1; after cordoned:w1; settle 0; deadline 300
check() {
ask_nodes
hear_api
need_api
[ -z "${NODE[w1" annotate k8sops.io/cordoned=true"]-}" ] || drift "cordoned by k8sops" 
}

apply() {
kubectl uncordon w1 && kubectl annotate node w1 k8sops.io/cordoned-
}
