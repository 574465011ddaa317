# control-plane-join: control-plane-join
# case firewall-ufw, host cp2
# risk file; settle 0; deadline 300
check() {
unknown 'the first control plane'"'"'s CA is pinned by its hash, and there is none yet'
}

apply() {
false
}
