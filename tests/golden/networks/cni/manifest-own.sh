# cni: manifest:own
# case cni-own, host cp1
# risk file; settle 5; deadline 300
check() {
ask_objects 'apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: own}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "example.com/agent:1.0"}]}
'
hear_api
need_api
for one in ; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
noted() {
  local one want
  want="85efabfd6b47ab252935ac41bdd1bfd365f514e6b0e79ab75e677a8229748377 $(fields_of 'DaemonSet own/agent')"
  for one in 'DaemonSet own/agent'; do [ "${OBJECT[$one]%%|*}" = "$want" ] || return 1; done
}
for one in 'DaemonSet own/agent'; do [ -n "${OBJECT[$one]-}" ] || break; done
[ -z "${OBJECT[$one]-}" ] || ! noted || exit 0
kubectl get namespace own >/dev/null 2>&1 || drift
text='apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: own}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "example.com/agent:1.0"}]}
'
# Where one kind is not known to the API yet, it answers for none, and says so.
has=$(kubectl get -f - --ignore-not-found -o name <<<"$text" 2>&1)
count=$(grep -cE '^[^ ]+/[^ ]+$' <<<"$has")
[ "$count" -ge 1 ] || {
  grep -o 'no matches for kind.*' <<<"$has"
  drift "$count of 1 objects found"
}
code=0; diff=$(kubectl diff --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text" 2>&1) || code=$?
case $code in
0) : ;;
1) drift "$diff" ;;
*) printf '%s\n' "$diff"; exit 12 ;;
esac
}

apply() {
text='apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: own}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "example.com/agent:1.0"}]}
'
kubectl apply --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text"

ask_objects "$text"; hear_api
for one in ; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
for one in 'DaemonSet own/agent'; do [ -n "${OBJECT[$one]-}" ] || exit 0; done
kubectl annotate --overwrite --field-manager=k8sops-note -f - <<<"$text" \
  "k8sops.io/applied=85efabfd6b47ab252935ac41bdd1bfd365f514e6b0e79ab75e677a8229748377 $(fields_of 'DaemonSet own/agent')" >/dev/null
}
