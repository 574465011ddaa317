# etcd-rollback-caught-up: gate:caught-up
# case rollback, host cp1
# risk file; after etcd:rollback; settle 240
check() {
need_api
since=$(date -u -d '-30 seconds' +%FT%T)
has=$({ kubectl -n kube-node-lease get leases -o go-template='{{range .items}}{{.metadata.name}} {{.spec.renewTime}}{{"\n"}}{{end}}'
  kubectl -n kube-system get leases kube-controller-manager kube-scheduler -o go-template='{{range .items}}{{.metadata.name}} {{.spec.renewTime}}{{"\n"}}{{end}}'; } |
  while read -r name at; do [[ $at < $since ]] || printf '%s\n' "$name"; done) || exit 12
waiting=$(printf '%s\n' 'cp1
cp2
cp3
w1' kube-controller-manager kube-scheduler | grep -vxFf <(printf '%s\n' "$has") || true)
[ -z "$waiting" ] || drift "no heartbeat yet: $(tr '\n' ' ' <<<"$waiting")" 
}
