# Queries of all members, and reasons against maintenance. Follows tools.sh.
# shellcheck shell=bash disable=SC2015

# client_urls: the client URLs of all members that have one, one per line.
client_urls() {
  local id state name peer client learner
  # Tabs would run together where a field is empty.
  etcd_members | tr '\t' '|' | while IFS='|' read -r id state name peer client learner; do
    : "$id" "$state" "$name" "$peer" "$learner"
    [ -z "$client" ] || printf '%s\n' "${client%%,*}"
  done
}

# every_member_answers: no member is missing, unstarted or without a leader.
every_member_answers() {
  local members url bad=
  members=$(etcd_members) || { echo "cannot list the members: is the quorum lost?"; return 1; }
  if grep -q $'\tunstarted\t' <<<"$members"; then
    echo "a member has never started: $(grep $'\tunstarted\t' <<<"$members")"
    return 1
  fi
  for url in $(client_urls); do
    ETCDCTL_ENDPOINTS=$url etcdctl endpoint health --command-timeout=5s >/dev/null 2>&1 ||
      { echo "the member at $url does not answer: bring it back or remove it first"; bad=1; }
  done
  [ -z "$bad" ]
}

# wait_for_members SECONDS: waits until every member answers again.
wait_for_members() {
  local until=$((SECONDS + $1)) said
  until said=$(every_member_answers); do
    [ $SECONDS -lt $until ] || { printf '%s\n' "$said"; return 1; }
    sleep 1
  done
}

# wasteful_members PERCENT: the members whose file has more free pages than that; the leader last. One line each:
# client URL, 1 for the leader or 0, what a person reads. A file of less than 1 MiB is never worth it.
wasteful_members() {
  local url said size used leads
  for url in $(client_urls); do
    said=$(ETCDCTL_ENDPOINTS=$url etcdctl endpoint status --command-timeout=5s -w json) || return 1
    size=$(number dbSize <<<"$said") used=$(number dbSizeInUse <<<"$said") leads=0
    [ "$(number leader <<<"$said")" != "$(number member_id <<<"$said")" ] || leads=1
    [ $(((size - used) * 100)) -gt $((size * $1)) ] && [ $((size - used)) -gt 1048576 ] || continue
    printf '%s\t%s\t%s: %s of %s MiB free\n' "$url" "$leads" "$url" $(((size - used) >> 20)) $((size >> 20))
  done | sort -s -t $'\t' -k 2,2
}

# refuse_full: refuses to clear alarms while a database is still full: the next write would raise them again.
refuse_full() {
  local url said size quota
  for url in $(client_urls); do
    said=$(ETCDCTL_ENDPOINTS=$url etcdctl endpoint status --command-timeout=5s -w json) || return 1
    size=$(number dbSize <<<"$said") quota=$(number dbSizeQuota <<<"$said")
    [ "${quota:-0}" = 0 ] || [ "$size" -lt "$quota" ] ||
      { echo "the database at $url is still full ($size of $quota bytes): compact and defrag first"; return 1; }
  done
}

# oldest_wanted KEEP: the revision from which on the history is kept.
oldest_wanted() {
  local now
  now=$(etcd_status Revision) && [ -n "$now" ] || return 1
  printf '%s\n' $((now > $1 ? now - $1 : 1))
}

# is_compacted REVISION: whether this revision was compacted.
is_compacted() {
  local said
  said=$(etcdctl get k8sops --rev="$1" --command-timeout=5s 2>&1) && return 1
  grep -q 'has been compacted' <<<"$said"
}

# refuse_alive ID: refuses to remove a member that is alive.
refuse_alive() {
  local url
  url=$(etcd_members | grep "^$1"$'\t' | cut -f 5)
  if [ -n "$url" ] && ETCDCTL_ENDPOINTS=${url%%,*} etcdctl endpoint status --command-timeout=5s >/dev/null 2>&1; then
    echo "the member $1 at $url is alive; use \`k8sops reset NODE\` to remove a node from the cluster"
    return 1
  fi
}

# refuse_without_quorum ID: refuses if the healthy members without this one are not a quorum.
refuse_without_quorum() {
  local id state name peer client learner voters=0 alive=0
  while IFS='|' read -r id state name peer client learner; do
    : "$state" "$name" "$peer"
    [ "$id" != "$1" ] && [ "$learner" = false ] || continue
    voters=$((voters + 1))
    # One that has never started has no URL, and without one etcdctl would ask this host's own member.
    [ -n "$client" ] || continue
    ! ETCDCTL_ENDPOINTS=${client%%,*} etcdctl endpoint status --command-timeout=5s >/dev/null 2>&1 || alive=$((alive + 1))
  done <<<"$(etcd_members | tr '\t' '|')"
  [ $alive -gt $((voters / 2)) ] ||
    { echo "without $1, only $alive of $voters members are healthy: no quorum"; return 1; }
}

# members_at PEER…: the ids of the members that have one of these peer URLs.
members_at() {
  local members id peer wanted
  members=$(etcd_members) || return 1
  while IFS='|' read -r id _ _ peer _; do
    for wanted; do
      case ,$peer, in *",$wanted,"*) printf '%s\n' "$id"; break ;; esac
    done
  done <<<"${members//$'\t'/|}"
}

# again COMMAND…: up to three times, with a second between. A request that was sent while a removed leader's successor is
# elected is lost, and its client is told that it timed out.
again() {
  local attempt
  for attempt in 1 2 3; do
    [ "$attempt" = 1 ] || sleep 1
    ! "$@" || return 0
  done
  return 1
}

# without_member ID: etcd has no such member; removes it.
without_member() {
  local members
  members=$(etcd_members) || return 1
  ! grep -q "^$1"$'\t' <<<"$members" || etcdctl member remove "$1" --command-timeout=30s
}

# remove_member ID: takes a member out of etcd, where a quorum is left without it, and writes something behind it.
# etcd keeps how far its log is agreed upon with the next entry that it writes to disk (raft's HardState). Where one of
# two members stays, and dies before that, it asks the removed one for its vote, and is never answered.
remove_member() {
  refuse_without_quorum "$1" && again without_member "$1" &&
    again etcdctl del k8sops/nothing --command-timeout=30s >/dev/null
}
