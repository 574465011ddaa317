# nodes: replicas:coredns
# case bare, host cp1
# risk file; settle 5; deadline 300
check() {
ask_objects '{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: kube-system, name: coredns}}'
hear_api
need_api
has=${OBJECT['Deployment kube-system/coredns']-} has=${has#*|}
read -r _ _ wanted _ <<<"${has%%|*}"
[ "${wanted:-1}" != 0 ] || drift "coredns is scaled to 0" 
}

apply() {
kubectl -n kube-system scale deployment coredns --replicas=2
}
