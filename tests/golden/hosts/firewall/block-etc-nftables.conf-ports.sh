# firewall: block:/etc/nftables.conf:ports
# case firewall-nft, host cp1
# risk file; settle 0; deadline 300
check() {
block_holds /etc/nftables.conf ports '# k8sops ports begin
include "/etc/k8sops/nftables.nft"
# k8sops ports end
'
}

apply() {
touch /etc/nftables.conf
new=$(sed -e '/^# k8sops ports begin$/,/^# k8sops ports end$/d' /etc/nftables.conf; printf '%s.' '# k8sops ports begin
include "/etc/k8sops/nftables.nft"
# k8sops ports end
')
printf %s "${new%.}" >/etc/nftables.conf
}
