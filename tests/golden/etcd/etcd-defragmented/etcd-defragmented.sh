# etcd-defragmented: etcd:defragmented
# case defrag, host cp1
# risk file; settle 0; deadline 1800
check() {
# include tools.sh

# include upkeep.sh

every_member_answers || exit 12
has=$(wasteful_members 10) || exit 12
[ -z "$has" ] || drift "$(cut -f 3 <<<"$has")" 
}

apply() {
# include tools.sh

# include upkeep.sh

wasteful_members 10 | while IFS=$'\t' read -r endpoint leads said; do
  every_member_answers
  [ "$leads" = 0 ] || said="$said; the leader, last"
  echo "$said"
  ETCDCTL_ENDPOINTS=$endpoint etcdctl defrag --command-timeout=240s </dev/null
  wait_for_members 60
done
}
