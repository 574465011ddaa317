# nodes: node:cp1
# case labels, host cp1
# risk file; settle 0; deadline 300
check() {
ask_nodes
hear_api
need_api
[ -n "${NODE[cp1]-}" ] || unknown "cp1 is not a node yet"
DRIFTED=
for one in ; do
  [ -n "${NODE[cp1 $one]-}" ] || { echo "wanted: $one"; DRIFTED=1; }
done
for one in 'label old=1' 'taint old=1:NoExecute'; do
  [ -z "${NODE[cp1 $one]-}" ] || { echo "no longer declared: $one"; DRIFTED=1; }
done
for one in "${!NODE[@]}"; do
  case $one in cp1" annotate k8sops.io/declared="*) echo "previously declared: ${one#*=}"; DRIFTED=1 ;; esac
done
[ -z "$DRIFTED" ] || drift
}

apply() {
ask_nodes; hear_api
one='label old=1'
[ -z "${NODE[cp1 $one]-}" ] || kubectl label node cp1 old-
one='taint old=1:NoExecute'
[ -z "${NODE[cp1 $one]-}" ] || kubectl taint node cp1 old:NoExecute-
kubectl annotate node cp1 k8sops.io/declared-
}
