# kernel: kernel-modules:k8sops
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/modules-load.d/k8sops.conf
[ "${SUM[/etc/modules-load.d/k8sops.conf]-}" = fcaf07413a456d658640930cef56ed4d13330123e3b522c481021613c64755e3 ] || drift "not loaded at boot"
has_feature overlay || drift 'overlay is missing'
has_feature /proc/sys/net/bridge || drift 'br_netfilter is missing'
}

apply() {
printf %s 'overlay
br_netfilter
' | put_file /etc/modules-load.d/k8sops.conf 0644 root:root
has_feature overlay || modprobe overlay
has_feature /proc/sys/net/bridge || modprobe br_netfilter
}
