# kernel: sysctl:net.ipv4.ip_local_port_range
# case sysctl, host cp1
# risk file; settle 0; deadline 300
check() {
[ -e /proc/sys/net/ipv4/ip_local_port_range ] || drift "no such parameter yet"
read -r -a has </proc/sys/net/ipv4/ip_local_port_range || true
[ "${has[*]-}" = '1024 65000' ] || drift 'net.ipv4.ip_local_port_range = '"${has[*]-}"', wanted 1024 65000'
has_line /etc/sysctl.d/90-k8sops-net.ipv4.ip_local_port_range.conf 'net.ipv4.ip_local_port_range = 1024 65000' || drift "not set at boot"

}

apply() {
printf '%s\n' 'net.ipv4.ip_local_port_range = 1024 65000' | put_file /etc/sysctl.d/90-k8sops-net.ipv4.ip_local_port_range.conf 0644 root:root
printf '%s\n' '1024 65000' >/proc/sys/net/ipv4/ip_local_port_range
}
