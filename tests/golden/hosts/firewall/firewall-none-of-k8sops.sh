# firewall: firewall:none-of-k8sops
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
[ ! -e /etc/systemd/system/k8sops-firewall.service ] || drift 'k8sops-firewall.service is installed'
}

apply() {
systemctl disable --now k8sops-firewall.service
rm -f /etc/systemd/system/k8sops-firewall.service /etc/k8sops/firewall.nft
systemctl daemon-reload
}
