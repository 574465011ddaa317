# capacity: facts
# case 1.19, host w2
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  paths=()
  for path in /var/lib/kubelet /var/lib/docker; do
    while [ -n "$path" ] && [ ! -e "$path" ]; do path=${path%/*}; done
    paths+=("${path:-/}")
  done
  while read -r value; do fact more.disk "$value"; done < <(
    stat -f -c '%i %S %b %a %c %d %n' "${paths[@]}" 2>/dev/null
  )
fi
