# etcd-disarmed: etcd:disarmed
# case disarm, host cp1
# risk file; settle 0; deadline 300
check() {
# include tools.sh

has=$(etcdctl alarm list --command-timeout=5s) || exit 12
[ -z "$has" ] || drift "$has" 
}

apply() {
# include tools.sh

# include upkeep.sh

refuse_full
etcdctl alarm disarm --command-timeout=10s
}
