# etcd-compacted: etcd:compacted
# case compact-more, host cp1
# risk file; settle 0; deadline 300
check() {
# include tools.sh

# include upkeep.sh

at=$(oldest_wanted 10000) || exit 12
is_compacted "$at" || drift "revision $at is not compacted" 
}

apply() {
# include tools.sh

# include upkeep.sh

etcdctl compact "$(oldest_wanted 5000)" --physical --command-timeout=240s
}
