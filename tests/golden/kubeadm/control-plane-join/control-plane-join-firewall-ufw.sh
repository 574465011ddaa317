# control-plane-join: control-plane-join
# case firewall-ufw, host cp2
# risk file; settle 0; deadline 300
check() {
unknown 'needs the hash of the cluster'"'"'s CA, which does not exist yet'
}

apply() {
false
}
