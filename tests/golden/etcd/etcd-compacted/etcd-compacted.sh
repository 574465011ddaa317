# etcd-compacted: etcd:compacted
# case compact, host cp1
# risk file; settle 0; deadline 300
check() {
# include tools.sh

# include upkeep.sh

at=$(oldest_wanted 2000) || exit 12
is_compacted "$at" || drift "revision $at is not compacted" 
}

apply() {
# include tools.sh

# include upkeep.sh

etcdctl compact "$(oldest_wanted 1000)" --physical --command-timeout=240s
}
