# etcd-member-gone: etcd:member-gone:8e9e05c52164694d
# case member-remove, host cp1
# risk delete; settle 20; deadline 300
check() {
# include tools.sh

has=$(etcd_members) || exit 12
! grep -q ^8e9e05c52164694d$'\t' <<<"$has" || drift "$(grep ^8e9e05c52164694d$'\t' <<<"$has")" 
}

apply() {
# include tools.sh

# include upkeep.sh

refuse_alive 8e9e05c52164694d
remove_member 8e9e05c52164694d
}
