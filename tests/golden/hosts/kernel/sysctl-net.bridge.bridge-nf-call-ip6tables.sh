# kernel: sysctl:net.bridge.bridge-nf-call-ip6tables
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
[ -e /proc/sys/net/bridge/bridge-nf-call-ip6tables ] || drift "no such parameter yet"
read -r -a has </proc/sys/net/bridge/bridge-nf-call-ip6tables || true
[ "${has[*]-}" = 1 ] || drift 'net.bridge.bridge-nf-call-ip6tables = '"${has[*]-}"', wanted 1'
has_line /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-ip6tables.conf 'net.bridge.bridge-nf-call-ip6tables = 1' || drift "not set at boot"

}

apply() {
printf '%s\n' 'net.bridge.bridge-nf-call-ip6tables = 1' | put_file /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-ip6tables.conf 0644 root:root
printf '%s\n' 1 >/proc/sys/net/bridge/bridge-nf-call-ip6tables
}
