# What k8sops asks of a host before it plans: one `key=value` a line, read by HostFacts.parse.
# Nothing is changed and nothing fails: a fact that cannot be had is left out. Every process that is started here is
# paid for on every host of every run, so bash itself reads what it can.
# shellcheck shell=bash disable=SC1091,SC2034
fact() { printf '%s=%s\n' "$1" "$2"; }

fact now "$EPOCHREALTIME"
# What an earlier run has begun here may still be at work (shell.sh: lock), though that run is over. A script that
# listens holds that lock itself.
if [ -z "${LISTENS-}" ] && [ -s "$LOCK" ] && ! flock -s -n 7 7<"$LOCK"; then read -r value <"$LOCK" && fact busy "$value"; fi
API_FD=
if [ -f /etc/kubernetes/manifests/kube-apiserver.yaml ] && [ -f "$KUBECONFIG" ]; then
  # The longest of the questions goes first, and is heard last. An answer says that the API serves, and that etcd does.
  exec {API_FD}< <(kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name \
    --request-timeout=3s 2>/dev/null && echo answered)
fi
OS_ID='' OS_VERSION=0
while IFS='=' read -r key value; do
  value=${value#[\"\']} value=${value%[\"\']}
  case $key in
  ID) fact os "$value"; OS_ID=$value ;;
  VERSION_ID) fact os_version "$value"; OS_VERSION=$value ;;
  PRETTY_NAME) fact os_name "$value" ;;
  esac
done 2>/dev/null </etc/os-release
fact arch "$HOSTTYPE"
read -r value </proc/sys/kernel/osrelease && fact kernel "$value"
# Read at once: `read` goes back to where its line has ended, and by then another line may stand there.
mapfile -t lines </proc/self/status
for line in "${lines[@]}"; do
  case $line in Cpus_allowed_list:*) value=${line#*:} ;; *) continue ;; esac
  cpus=0
  for range in ${value//,/ }; do cpus=$((cpus + ${range#*-} - ${range%-*} + 1)); done
  fact cpus "$cpus"
done
read -r key value _ </proc/meminfo && [ "$key" = MemTotal: ] && fact memory_kib "$value"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then fact cgroup 2; else fact cgroup 1; fi
read -r value </proc/sys/kernel/hostname && fact hostname "$value"
read -r value 2>/dev/null </etc/machine-id && fact machine_id "$value"
for link in /sys/class/net/*; do
  case ${link##*/} in lo|veth*|cni*|flannel*|docker*|br-*|cali*|tunl*|virbr*|kube-ipvs*) continue ;; esac
  read -r value 2>/dev/null <"$link/address" && fact mac "$value"
done
while read -r address name _; do
  [ -z "$ENDPOINT" ] || [ "$name" != "$ENDPOINT" ] || fact endpoint "$address"
done 2>/dev/null </etc/hosts
while read -r first second rest; do
  case "$first $second $rest" in
  [0-9]*:\ *) rest=${rest#* }; fact address "$second ${rest%% *}" ;;
  default*|*flannel*|*cni*|*" via "*) ;;
  *) fact route "$first" ;;
  esac
done < <(ip -o -batch - 2>/dev/null <<<$'addr show\nroute show')
# What listens is of interest before a host is a node. /proc/net/tcp would be slow to read where connections are many.
[ -f /etc/kubernetes/kubelet.conf ] || while read -r _ _ _ address _; do
  fact listens "${address##*:}"
done < <(ss -Hltn 2>/dev/null)
# PID 1 says so itself (systemd: CONTAINER_INTERFACE).
[ ! -e /run/systemd/container ] || fact container 1

containerd=
declare -A HAS=()
# All that k8sops may install (packaging.py), and what may be there in its stead.
while read -r package status value; do
  [ "$status" = installed ] || continue
  fact "package.$package" "$value"
  HAS[$package]=$value
  case $package in containerd*) containerd=1 ;; esac
done < <(
  dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' containerd containerd.io docker.io docker-ce docker-cli \
    docker-ce-cli cri-dockerd ufw nftables systemd-timesyncd chrony ntpsec ntp openntpd kubelet kubeadm kubectl conntrack \
    ebtables ethtool iptables socat bash-completion curl age cron 2>/dev/null
)
if [ -z "$containerd" ]; then
  while read -r key value; do
    case $key:$value in Candidate:'(none)') ;; Candidate:*) fact candidate.containerd "$value" ;; esac
  done < <(apt-cache policy containerd 2>/dev/null)
fi

if [ -f /etc/ufw/ufw.conf ]; then
  while read -r value || [ -n "$value" ]; do case ${value,,} in enabled=yes*) fact ufw 1 ;; esac; done </etc/ufw/ufw.conf
fi
# systemd keeps such a link of what it has started: a unit without one need not be asked about.
if [ -L /run/systemd/units/invocation:nftables.service ] && systemctl is-active --quiet nftables.service; then
  # Base chains that filter what comes in or goes through; those of iptables bear names in capitals.
  while read -r word first second third _; do
    case $word in
    table) table="$first $second" ;;
    chain) chain=$first ;;
    type) [ "$table" = "inet k8sops" ] || case "$first $second $third $chain" in
      "filter hook input "[a-z]*|"filter hook forward "[a-z]*) fact nft_chain "$table $chain $third" ;;
      esac ;;
    esac
  done < <(nft list chains 2>/dev/null)
fi

# systemd renews this link with every start of the unit.
link=/run/systemd/units/invocation:kubelet.service
[ -z "${LISTENS-}" ] || [ ! -L $link ] || fact kubelet_started "$(stat -c %Y $link)"
fact user "${SUDO_USER:-root}"
home=/root
# bash asks for the home of a user by itself; a name with other letters than these is none.
case ${SUDO_USER:-root} in *[!-A-Za-z0-9._]*) ;; *) eval "home=~${SUDO_USER:-root}" ;; esac
fact home "$home"

if [ -f /etc/kubernetes/kubelet.conf ]; then
  fact joined 1
  for path in /var/lib/kubelet/{kubeadm-flags.env,instance-config.yaml,config.yaml}; do
    while read -r value; do
      case $value in *container-runtime-endpoint=*|*containerRuntimeEndpoint:*) ;; *) continue ;; esac
      value=${value#*container-runtime-endpoint=} value=${value#*containerRuntimeEndpoint:} value=${value# } value=${value#\"}
      fact cri_socket "${value%%[\" ]*}"
      break 2
    done 2>/dev/null <"$path"
  done
fi
[ ! -f /etc/kubernetes/k8sops/initialised ] || fact initialised 1
while read -r value; do fact ca "$value"; done 2>/dev/null </etc/kubernetes/pki/ca.crt
pod_volumes volume=
for path in /etc/kubernetes/manifests/*.yaml /var/lib/etcd/member /etc/kubernetes/*.conf; do
  [ ! -e "$path" ] || fact left "$path"
done
if [ -n "$API_FD" ]; then
  ask_file "$KUBECONFIG"
  fact admin_conf "${SUM[$KUBECONFIG]-}"
  value=
  while read -r token; do
    case $token in answered) value=1 ;; *) fact token "${token##*-}" ;; esac
  done <&"$API_FD"
  exec {API_FD}<&-
  if [ -n "$value" ]; then
    fact api 1
  else
    # At a boot kubelet may fail at first, and wait for its next start: then the age of the host says how it is.
    kubelet=$(systemctl show -P MainPID kubelet 2>/dev/null)
    case $(systemctl show -p ActiveState,Job kubelet 2>/dev/null) in *=activating*|*Job=[1-9]*) kubelet=1 ;; esac
    [ ! -d "/proc/${kubelet:-0}" ] || fact starting $(($(date +%s) - $(stat -c %Y "/proc/$kubelet")))
  fi
fi
