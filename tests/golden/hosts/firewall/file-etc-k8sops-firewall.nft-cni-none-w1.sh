# firewall: file:/etc/k8sops/firewall.nft
# case cni-none, host w1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/firewall.nft
file_holds /etc/k8sops/firewall.nft 60e8f7a417d16e0d294dff2d72a99f70f3d5f783000822e157240f791d275346 0644 root root
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
		ip saddr { 10.0.0.11, 10.244.0.0/16 } tcp dport 10250 accept
	}
}
' | put_file /etc/k8sops/firewall.nft 0644 root:root
}
