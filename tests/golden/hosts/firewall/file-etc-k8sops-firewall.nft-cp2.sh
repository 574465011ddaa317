# firewall: file:/etc/k8sops/firewall.nft
# case ipv6, host cp2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/firewall.nft
file_holds /etc/k8sops/firewall.nft 71ea68bac827e5aeee6fec1e846773da7e125eedc1ba589a7974bdda40206c64 0644 root root
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
		ip6 saddr { fd00::11, fd00::21, fd00:10:244::/56 } tcp dport 10250 accept
		tcp dport 6443 accept
		ip6 saddr { fd00::11 } tcp dport 2379-2380 accept
		ip6 saddr { fd00::11, fd00::21 } udp dport 8472 accept
	}
}
' | put_file /etc/k8sops/firewall.nft 0644 root:root
}
