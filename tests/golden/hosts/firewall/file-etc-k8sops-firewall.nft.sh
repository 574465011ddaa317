# firewall: file:/etc/k8sops/firewall.nft
# case ipv6, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/firewall.nft
file_holds /etc/k8sops/firewall.nft d5e05cf507aa31e9f7b5bd8bf225942c33e56bf83702cbca9d70108c27d7db0c 0644 root root
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
		ip6 saddr { fd00::12, fd00::21, fd00:10:244::/56 } tcp dport 10250 accept
		tcp dport 6443 accept
		ip6 saddr { fd00::12 } tcp dport 2379-2380 accept
		ip6 saddr { fd00::12, fd00::21 } udp dport 8472 accept
	}
}
' | put_file /etc/k8sops/firewall.nft 0644 root:root
}
