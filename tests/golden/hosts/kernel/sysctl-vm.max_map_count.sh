# kernel: sysctl:vm.max_map_count
# case sysctl, host cp1
# risk file; settle 0; deadline 300
check() {
[ -e /proc/sys/vm/max_map_count ] || drift "no such parameter yet"
read -r -a has </proc/sys/vm/max_map_count || true
[ "${has[*]-}" = 262144 ] || drift 'vm.max_map_count = '"${has[*]-}"', wanted 262144'
has_line /etc/sysctl.d/90-k8sops-vm.max_map_count.conf 'vm.max_map_count = 262144' || drift "not set at boot"

}

apply() {
printf '%s\n' 'vm.max_map_count = 262144' | put_file /etc/sysctl.d/90-k8sops-vm.max_map_count.conf 0644 root:root
printf '%s\n' 262144 >/proc/sys/vm/max_map_count
}
