# cni: manifest:definitions
# case cni-own, host cp1
# risk file; settle 5; deadline 300
check() {
ask_objects 'apiVersion: v1
kind: Namespace
metadata: {name: own}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.own.example.com}
spec:
  group: own.example.com
  names: {kind: Pool, plural: pools}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
'
hear_api
need_api
for one in 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com'; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
noted() {
  local one want
  want="95f35913917693284e5ae603ad2b9840d420bd73ef33287ea177fe395db1c8e3 $(fields_of 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com')"
  for one in 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com'; do [ "${OBJECT[$one]%%|*}" = "$want" ] || return 1; done
}
for one in 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com'; do [ -n "${OBJECT[$one]-}" ] || break; done
[ -z "${OBJECT[$one]-}" ] || ! noted || exit 0

text='apiVersion: v1
kind: Namespace
metadata: {name: own}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.own.example.com}
spec:
  group: own.example.com
  names: {kind: Pool, plural: pools}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
'
# Where one kind is not known to the API yet, it answers for none, and says so.
has=$(kubectl get -f - --ignore-not-found -o name <<<"$text" 2>&1)
count=$(grep -cE '^[^ ]+/[^ ]+$' <<<"$has")
[ "$count" -ge 2 ] || {
  grep -o 'no matches for kind.*' <<<"$has"
  drift "$count of 2 objects found"
}
code=0; diff=$(kubectl diff --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text" 2>&1) || code=$?
case $code in
0) kubectl wait --for=condition=Established crd/pools.own.example.com --timeout=0 >/dev/null 2>&1 || drift 'not established' ;;
1) drift "$diff" ;;
*) printf '%s\n' "$diff"; exit 12 ;;
esac
}

apply() {
text='apiVersion: v1
kind: Namespace
metadata: {name: own}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.own.example.com}
spec:
  group: own.example.com
  names: {kind: Pool, plural: pools}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
'
kubectl apply --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text"
kubectl wait --for=condition=Established crd/pools.own.example.com --timeout=60s
ask_objects "$text"; hear_api
for one in 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com'; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
for one in 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com'; do [ -n "${OBJECT[$one]-}" ] || exit 0; done
kubectl annotate --overwrite --field-manager=k8sops-note -f - <<<"$text" \
  "k8sops.io/applied=95f35913917693284e5ae603ad2b9840d420bd73ef33287ea177fe395db1c8e3 $(fields_of 'Namespace -/own' 'CustomResourceDefinition -/pools.own.example.com')" >/dev/null
}
