# firewall: facts
# case ipv6, host cp1
apt_plan firewall '' nftables
