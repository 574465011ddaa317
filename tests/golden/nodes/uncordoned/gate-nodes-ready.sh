# uncordoned: gate:nodes-ready
# case rolling, host w1
# risk file; after service:kubelet service:containerd service:docker service:cri-docker; settle 180
check() {
ask_nodes
hear_api
need_api
declare -A SINCE=() HEARD=()
[ ${#SINCE[@]} = 0 ] || while read -r one at; do HEARD[$one]=$at; done < <(node_leases)
waiting=
for one in w1; do
  if [ -z "${NODE[$one]-}" ]; then
    echo "$one is not a node yet"
  elif [ -z "${NODE[$one ready True]-}" ]; then
    echo "$one NotReady: ${NODE[$one because]-}"
  elif [ -n "${SINCE[$one]-}" ] && [[ ${HEARD[$one]-} < $(utc "${SINCE[$one]}") ]]; then
    echo "$one: no heartbeat since its kubelet was restarted"
  else
    continue
  fi
  waiting=1
done
[ -z "$waiting" ] || drift
}
