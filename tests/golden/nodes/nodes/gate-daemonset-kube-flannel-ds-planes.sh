# nodes: gate:daemonset/kube-flannel-ds
# case planes, host cp1
# risk file; after manifest:flannel; settle 180
check() {
ask_objects '{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-flannel, name: kube-flannel-ds}}'
ask_nodes
hear_api
need_api
[ -n "${OBJECT['DaemonSet kube-flannel/kube-flannel-ds']-}" ] || { ask_objects '{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-flannel, name: kube-flannel-ds}}'; hear_api; }
has=${OBJECT['DaemonSet kube-flannel/kube-flannel-ds']-} has=${has#*|}
if [ -z "$has" ]; then
  if object_gone 'DaemonSet kube-flannel/kube-flannel-ds'; then drift 'kube-flannel-ds not found'; fi
  unknown "the API server does not answer"
fi
read -r newest seen wanted there updated available <<<"${has%%|*}"
[ "${seen:-0}" -ge "$newest" ] || drift "kube-flannel-ds rollout not started"
least=0
for node in cp1 cp2 cp3 w1; do [ -z "${NODE[$node]-}" ] || least=$((least + 1)); done
[ "$wanted" -ge $least ] || drift "kube-flannel-ds $wanted/$least scheduled"
[ "$wanted" -gt 0 ] || drift "kube-flannel-ds has 0 replicas"
[ "$there $updated $available" = "$wanted $wanted $wanted" ] ||
  drift "kube-flannel-ds $available/$wanted available, $updated/$wanted updated, $there total" 
}
