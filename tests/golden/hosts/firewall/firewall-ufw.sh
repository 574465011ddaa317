# firewall: firewall:ufw
# case firewall-ufw, host cp2
# risk file; settle 0; deadline 300
check() {
[ "$(iptables -S | grep -c -- "--comment k8sops-5f452b11e43f ")" = 12 ] || drift "rules not loaded"
[ "$(ip6tables -S | grep -c -- "--comment k8sops-1d643fd3d2f5 ")" = 1 ] || drift "rules not loaded"
}

apply() {
ufw reload
}
