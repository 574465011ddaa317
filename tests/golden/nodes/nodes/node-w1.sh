# nodes: node:w1
# case labels, host cp1
# risk file; settle 0; deadline 300
check() {
ask_nodes
hear_api
need_api
[ -n "${NODE[w1]-}" ] || unknown "w1 is not a node yet"
DRIFTED=
for one in 'label disk=ssd' 'label example.com/empty=' 'annotate example.com/note=it'"'"'s a "note" of $HOME' 'taint gpu=true:NoSchedule' 'taint slow=:PreferNoSchedule' 'annotate k8sops.io/declared=["label disk=ssd","label example.com/empty=","annotate example.com/note=it'"'"'s a \"note\" of $HOME","taint gpu=true:NoSchedule","taint slow=:PreferNoSchedule"]'; do
  [ -n "${NODE[w1 $one]-}" ] || { echo "wanted: $one"; DRIFTED=1; }
done
for one in 'label old=1' 'annotate older=it'"'"'s'; do
  [ -z "${NODE[w1 $one]-}" ] || { echo "no longer declared: $one"; DRIFTED=1; }
done

[ -z "$DRIFTED" ] || drift
}

apply() {
ask_nodes; hear_api
one='label old=1'
[ -z "${NODE[w1 $one]-}" ] || kubectl label node w1 old-
one='annotate older=it'"'"'s'
[ -z "${NODE[w1 $one]-}" ] || kubectl annotate node w1 older-
kubectl label --overwrite node w1 disk=ssd example.com/empty=
kubectl taint --overwrite node w1 gpu=true:NoSchedule slow=:PreferNoSchedule
kubectl annotate --overwrite node w1 'example.com/note=it'"'"'s a "note" of $HOME' 'k8sops.io/declared=["label disk=ssd","label example.com/empty=","annotate example.com/note=it'"'"'s a \"note\" of $HOME","taint gpu=true:NoSchedule","taint slow=:PreferNoSchedule"]'
}
