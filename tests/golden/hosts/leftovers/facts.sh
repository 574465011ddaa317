# leftovers: facts
# case bare, host cp1
KEYS=(net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables net/ipv4/ip_forward net/ipv4/conf/all/forwarding)
# include leftovers.sh without comments
