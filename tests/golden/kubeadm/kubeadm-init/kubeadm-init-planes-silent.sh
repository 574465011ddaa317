# kubeadm-init: kubeadm-init
# case planes-silent, host cp1
# risk file; settle 0; deadline 300
check() {
printf '%s\n' 'cp2 unreachable: is there a cluster already?'; exit 12
}

apply() {
false
}
