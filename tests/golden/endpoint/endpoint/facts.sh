# endpoint: facts
# case planes, host cp1
if [ ! -f /etc/kubernetes/kubelet.conf ]; then
  fact more.endpoint_asked 1
  while read -r value kind _; do
    case $kind in STREAM) fact more.endpoint_address "$value" ;; esac
  done < <(timeout 5 getent ahosts api.example.com 2>/dev/null)
fi
