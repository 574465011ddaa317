# kubeadm-join: kubeadm-join
# case bare, host w1
# risk file; settle 0; deadline 300
check() {
unknown 'the control plane'"'"'s CA is pinned by its hash, and there is none yet'
}

apply() {
false
}
