# firewall: file:/etc/k8sops/firewall.nft
# case cni-own, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/firewall.nft
file_holds /etc/k8sops/firewall.nft 8d136ae028129587ab295f753426c338722a87404867ebb3076df75a807f36f8 0644 root root
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
		ip saddr { 10.0.0.21, 10.244.0.0/16 } tcp dport 10250 accept
		tcp dport 6443 accept
		ip saddr { 10.0.0.21 } tcp dport 179 accept
		ip saddr { 10.0.0.21 } udp dport 4789 accept
	}
}
' | put_file /etc/k8sops/firewall.nft 0644 root:root
}
