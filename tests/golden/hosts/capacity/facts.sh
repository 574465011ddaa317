# capacity: facts
# case bare, host cp1
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  paths=()
  for path in /var/lib/kubelet /var/lib/containerd; do
    while [ -n "$path" ] && [ ! -e "$path" ]; do path=${path%/*}; done
    paths+=("${path:-/}")
  done
  while read -r value; do fact more.disk "$value"; done < <(
    stat -f -c '%i %S %b %a %c %d %n' "${paths[@]}" 2>/dev/null
  )
fi
