# nodes: gate:deployment/coredns
# case bare, host cp1
# risk file; after replicas:coredns; settle 180
check() {
ask_objects '{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: kube-system, name: coredns}}'
hear_api
need_api
[ -n "${OBJECT['Deployment kube-system/coredns']-}" ] || { ask_objects '{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: kube-system, name: coredns}}'; hear_api; }
has=${OBJECT['Deployment kube-system/coredns']-} has=${has#*|}
if [ -z "$has" ]; then
  if object_gone 'Deployment kube-system/coredns'; then exit 0; fi
  unknown "the API server does not answer"
fi
read -r newest seen wanted there updated available <<<"${has%%|*}"
[ "${seen:-0}" -ge "$newest" ] || drift "coredns rollout not started"
least=0
for node in ; do [ -z "${NODE[$node]-}" ] || least=$((least + 1)); done
[ "$wanted" -ge $least ] || drift "coredns $wanted/$least scheduled"
[ "$wanted" -gt 0 ] || drift "coredns has 0 replicas"
[ "$there $updated $available" = "$wanted $wanted $wanted" ] ||
  drift "coredns $available/$wanted available, $updated/$wanted updated, $there total" 
}
