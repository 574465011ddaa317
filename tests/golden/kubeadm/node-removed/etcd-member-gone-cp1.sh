# node-removed: etcd-member-gone:cp1
# case reset-plane, host cp2
# risk delete; about cp1; settle 20; deadline 300
check() {
need_api
# include tools.sh

# include upkeep.sh

has=$(members_at https://10.0.0.11:2380) || exit 12
[ -z "$has" ] || drift "$(etcd_members | grep "^$has"$'\t')" 
}

apply() {
# include tools.sh

# include upkeep.sh

gone=$(members_at https://10.0.0.11:2380)
for one in $gone; do remove_member "$one"; done
}
