# drained: drained:w1
# case rolling, host w1
# risk drain; about w1; settle 0; deadline 360
check() {
need_api
[ -n "$(kubectl get node w1 --ignore-not-found -o name)" ] || exit 0
pods=$(kubectl get pods -A --field-selector spec.nodeName=w1 -o go-template='{{range .items}}{{$kind := ""}}{{range .metadata.ownerReferences}}{{$kind = .kind}}{{end}}{{$mirror := ""}}{{range $k, $v := .metadata.annotations}}{{if eq $k "kubernetes.io/config.mirror"}}{{$mirror = "yes"}}{{end}}{{end}}{{if and (ne $kind "DaemonSet") (eq $mirror "") (ne .status.phase "Succeeded") (ne .status.phase "Failed")}}{{if .metadata.deletionTimestamp}}ending {{end}}{{.metadata.namespace}}/{{.metadata.name}}{{if eq $kind ""}} (no controller recreates it){{end}}{{"\n"}}{{end}}{{end}}') || exit 12
[ "$(kubectl get node w1 -o go-template='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}')" = True ] || { echo "no heartbeat of its kubelet: not waiting for its pods"; pods=$(sed '/^ending /d' <<<"$pods"); }
[ "$(kubectl get node w1 -o go-template='{{.spec.unschedulable}}')" = true ] && [ -z "$pods" ] && exit 0
drift "$(sed 's/^ending //; s/^/evicts: /' <<<"${pods:-nothing}")" 
}

apply() {
until=$((SECONDS + 300))
while :; do
  began=$SECONDS gone=() step=$((until - SECONDS))
  [ "$(kubectl get node w1 -o go-template='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}')" = True ] || gone=(--skip-wait-for-delete-timeout=10)
  [ $step -le 60 ] || step=60
  ! kubectl drain w1 --ignore-daemonsets --delete-emptydir-data --timeout=${step}s "${gone[@]}" || break
  # Refused at once, or out of time: what it said is the reason.
  [ $((SECONDS - began)) -ge $step ] && [ $SECONDS -lt $until ] || exit 1
done
}
