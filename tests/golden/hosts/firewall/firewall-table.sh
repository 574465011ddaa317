# firewall: firewall:table
# case ipv6, host cp1
# risk file; settle 0; deadline 300
check() {
type -P nft >/dev/null && nft list table inet k8sops >/dev/null 2>&1 || drift
}

apply() {
systemctl restart k8sops-firewall.service
}
