# kubernetes-removed: gate:volumes-unmounted
# case reset-worker, host w1
# risk file; settle 60
check() {
has=$(pod_volumes)
[ -z "$has" ] || drift "$has"
}
