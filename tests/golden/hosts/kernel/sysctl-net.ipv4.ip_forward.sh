# kernel: sysctl:net.ipv4.ip_forward
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
[ -e /proc/sys/net/ipv4/ip_forward ] || drift "no such parameter yet"
read -r -a has </proc/sys/net/ipv4/ip_forward || true
[ "${has[*]-}" = 1 ] || drift 'net.ipv4.ip_forward = '"${has[*]-}"', wanted 1'
has_line /etc/sysctl.d/90-k8sops-net.ipv4.ip_forward.conf 'net.ipv4.ip_forward = 1' || drift "not set at boot"

}

apply() {
printf '%s\n' 'net.ipv4.ip_forward = 1' | put_file /etc/sysctl.d/90-k8sops-net.ipv4.ip_forward.conf 0644 root:root
printf '%s\n' 1 >/proc/sys/net/ipv4/ip_forward
}
