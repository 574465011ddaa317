# cordoned: cordoned:w1
# case rolling, host w1
# risk file; about w1; settle 0; deadline 300
check() {
need_api
has=$(kubectl get node w1 -o go-template='{{.spec.unschedulable}}') || exit 12
[ "$has" = true ] || drift "it takes new pods" 
}

apply() {
kubectl annotate --overwrite node w1 k8sops.io/cordoned=true && kubectl cordon w1
}
