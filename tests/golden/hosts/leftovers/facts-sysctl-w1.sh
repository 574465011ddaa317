# leftovers: facts
# case sysctl, host w1
KEYS=(net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables net/ipv4/ip_forward net/ipv4/ip_local_port_range vm/max_map_count vm/swappiness net/ipv4/conf/all/forwarding)
# include leftovers.sh without comments
