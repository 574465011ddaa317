# What k8sops asks of a host before it plans: one `key=value` a line, read by HostFacts.parse.
# Nothing is changed and nothing fails: a fact that cannot be had is left out.
# shellcheck shell=bash disable=SC1091
fact() { printf '%s=%s\n' "$1" "$2"; }

fact now "$(date +%s.%N)"
( . /etc/os-release 2>/dev/null; fact os "${ID-}"; fact os_version "${VERSION_ID-}"; fact os_name "${PRETTY_NAME-}" )
fact arch "$(uname -m)"
fact kernel "$(uname -r)"
fact cpus "$(nproc)"
while read -r key value _; do [ "$key" != MemTotal: ] || fact memory_kib "$value"; done </proc/meminfo
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then fact cgroup 2; else fact cgroup 1; fi
fact hostname "$(uname -n)"
fact machine_id "$(cat /etc/machine-id 2>/dev/null)"
for link in /sys/class/net/*; do
  case ${link##*/} in lo|veth*|cni*|flannel*|docker*|br-*|cali*|tunl*|virbr*|kube-ipvs*) continue ;; esac
  fact mac "$(cat "$link/address" 2>/dev/null)"
done
ip -o addr show 2>/dev/null | while read -r _ device _ address _; do fact address "$device $address"; done
ip route show 2>/dev/null | while read -r to rest; do
  case "$to $rest" in default*|*flannel*|*cni*|*" via "*) ;; *) fact route "$to" ;; esac
done
for table in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$table" ] || continue
  while read -r _ local _ state _; do [ "$state" != 0A ] || fact listens $((16#${local##*:})); done <"$table"
done
fact systemd "$(systemctl --version 2>/dev/null | head -n 1 | cut -d' ' -f2)"
[ "$(systemd-detect-virt --container 2>/dev/null)" = none ] || fact container 1
fact pid1_started "$(stat -c %Y /proc/1)"

for package in containerd docker.io docker-ce containerd.io ufw nftables chrony ntpsec ntp openntpd kubelet kubeadm kubectl; do
  has=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$package" 2>/dev/null) || continue
  case $has in installed\ *) fact "package.$package" "${has#* }" ;; esac
done
candidate=$(apt-cache policy containerd 2>/dev/null | sed -n 's/^ *Candidate: //p')
case $candidate in ''|'(none)') ;; *) fact candidate.containerd "$candidate" ;; esac

[ ! -f /etc/ufw/ufw.conf ] || ! grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf || fact ufw 1
if [ "$(systemctl is-active nftables.service 2>/dev/null)" = active ]; then
  # Base chains that filter what comes in or goes through; those of iptables bear names in capitals.
  nft list chains 2>/dev/null | while read -r word first second third _; do
    case $word in
    table) table="$first $second"; [ "$table" != "inet k8sops" ] || word=skip ;;
    chain) chain=$first ;;
    type) case "$first $second $third $chain" in
      "filter hook input "[a-z]*|"filter hook forward "[a-z]*) fact nft_chain "$table $chain $third" ;;
      esac ;;
    esac
  done
fi
sshd -T 2>/dev/null | sed -n 's/^port /ssh_port=/p'

home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
fact user "${SUDO_USER:-root}"
fact home "${home:-/root}"

[ ! -f /etc/kubernetes/kubelet.conf ] || fact joined 1
endpoint=$(sed -n 's/.*\(container-runtime-endpoint=\|containerRuntimeEndpoint: \)"\{0,1\}\([^" ]*\).*/\2/p' \
  /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/config.yaml 2>/dev/null |
  head -n 1)
[ -z "$endpoint" ] || fact cri_socket "$endpoint"
[ ! -f /etc/kubernetes/k8sops/initialised ] || fact initialised 1
if [ -f /etc/kubernetes/pki/ca.crt ]; then fact ca "$(base64 -w0 </etc/kubernetes/pki/ca.crt)"; fi
pod_volumes | while read -r volume; do fact volume "$volume"; done
for path in /etc/kubernetes/manifests/*.yaml /var/lib/etcd/member /etc/kubernetes/*.conf; do
  [ ! -e "$path" ] || fact left "$path"
done
if [ -f /etc/kubernetes/manifests/kube-apiserver.yaml ] && [ -f "$KUBECONFIG" ]; then
  fact admin_conf "$(sha256sum <"$KUBECONFIG" | cut -c1-64)"
  if kubectl get --raw=/readyz --request-timeout=3s >/dev/null 2>&1; then
    fact api 1
    kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name 2>/dev/null |
      while read -r token; do fact token "${token##*-}"; done
  else
    kubelet=$(systemctl show -P MainPID kubelet 2>/dev/null)
    [ ! -d "/proc/${kubelet:-0}" ] || fact kubelet_age $(($(date +%s) - $(stat -c %Y "/proc/$kubelet")))
  fi
fi
