# kernel: sysctl:vm.swappiness
# case sysctl, host w1
# risk file; settle 0; deadline 300
check() {
[ -e /proc/sys/vm/swappiness ] || drift "no such parameter yet"
read -r -a has </proc/sys/vm/swappiness || true
[ "${has[*]-}" = 0 ] || drift 'vm.swappiness = '"${has[*]-}"', wanted 0'
has_line /etc/sysctl.d/90-k8sops-vm.swappiness.conf 'vm.swappiness = 0' || drift "not set at boot"

}

apply() {
printf '%s\n' 'vm.swappiness = 0' | put_file /etc/sysctl.d/90-k8sops-vm.swappiness.conf 0644 root:root
printf '%s\n' 0 >/proc/sys/vm/swappiness
}
