# firewall: file:/etc/k8sops/firewall.nft
# case firewall-managed, host w1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/firewall.nft
file_holds /etc/k8sops/firewall.nft b27da31d527cb9109a41422a76dc233e26813ca87c61724136cd2c92bf2dc830 0644 root root
}

apply() {
printf %s '#!/usr/sbin/nft -f
# Written by k8sops: what this host lets in. What goes through to pods is not this table'"'"'s business.
table inet k8sops
delete table inet k8sops
table inet k8sops {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ct state invalid drop
		iif lo accept
		meta l4proto { icmp, ipv6-icmp } accept
		tcp dport 22 accept
		tcp dport 2222 accept
		ip saddr { 10.0.0.11, 10.244.0.0/16 } tcp dport 10250 accept
		ip saddr { 10.0.0.11 } udp dport 8472 accept
	}
}
' | put_file /etc/k8sops/firewall.nft 0644 root:root
}
