# kubeadm-init: kubeadm-init
# case planes-silent, host cp1
# risk file; settle 0; deadline 300
check() {
printf '%s\n' 'cp2 did not answer: is there a cluster already?'; exit 12
}

apply() {
false
}
