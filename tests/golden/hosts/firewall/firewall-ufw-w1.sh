# firewall: firewall:ufw
# case firewall-ufw, host w1
# risk file; settle 0; deadline 300
check() {
[ "$(iptables -S | grep -c -- "--comment k8sops-5459a86c6e3b ")" = 9 ] || drift "rules not loaded"
}

apply() {
ufw reload
}
