# Scheduled work of a control plane: a backup when it is its turn, drills, metrics, and a call of the hook on failures.
# Comes last; the whole script needs bash, curl and age.
# shellcheck shell=bash disable=SC2015
# TAKEOVER, in seconds, comes from the inventory.
METRICS=${METRICS-} COPIES=${COPIES-} RANDOM_DELAY=${RANDOM_DELAY-0}
HOOK_CONFIG=${HOOK_CONFIG-/etc/k8sops/hook.curl}
STATE=${STATE-/var/lib/k8sops/backup}

# last_done: the newest backup that any control plane has finished, as etcd itself knows it.
last_done() {
  # The value of a ConfigMap is stored as plain text.
  etcdctl get "$MARKER_KEY" --print-value-only --command-timeout=5s 2>/dev/null |
    grep -aoE "done/$STEM_PATTERN" | tail -n 1 | cut -d/ -f2
}

# done_since EPOCH BEFORE: some control plane has finished another backup than BEFORE, or one begun after EPOCH. One from
# the future was made by a clock that went wrong: it says nothing of tonight.
done_since() {
  local stem at
  stem=$(last_done)
  [ -n "$stem" ] || return 1
  [ "$stem" = "$2" ] || return 0
  at=$(grep -oE '[0-9]{8}T[0-9]{6}Z' <<<"$stem" | tail -n 1)
  at=$(epoch "${at:0:4}-${at:4:2}-${at:6:2}T${at:9:2}:${at:11:2}:${at:13:2}Z")
  [ "$at" -ge "$1" ] && [ "$at" -le $(($(date +%s) + 300)) ]
}

# place_in_line: the position of this control plane by name among the started members.
place_in_line() { etcd_members | awk -F'\t' '$2 == "started" {print $3}' | sort | grep -nxF -- "$MY_NODE" | cut -d: -f1; }

# leads_here: this host's own member is the leader.
leads_here() { ETCDCTL_ENDPOINTS=${OWN_ENDPOINT-https://127.0.0.1:2379} etcd_leads 2>/dev/null; }

# my_turn: true where this control plane is the one that does it: the leader of etcd at once; another one after it, one
# later than the other, when nobody has done it by then. Their timers fire within RANDOM_DELAY of each other.
my_turn() {
  local since until before
  # After a boot etcd may not run yet; if it never does, the backup itself reports it.
  until=$((SECONDS + ${BOOT_SECONDS-300}))
  until pick_member 2>/dev/null || [ $SECONDS -ge $until ]; do sleep 5; done
  if leads_here; then return 0; fi
  since=$(($(date +%s) - RANDOM_DELAY - 60)) before=$(last_done) until=$(place_in_line)
  until=$((SECONDS + RANDOM_DELAY + TAKEOVER * ${until:-9}))
  while ! done_since "$since" "$before"; do
    if leads_here; then
      echo "this control plane is the etcd leader now"
      return 0
    fi
    if [ $SECONDS -ge $until ]; then
      echo "no other control plane has taken a backup: taking it here"
      return 0
    fi
    sleep "${TURN_POLL-5}"
    pick_member 2>/dev/null || :
  done
  echo "$(last_done) was taken by another control plane"
  return 1
}

# nightly: the backup of this night exists, on this control plane or another, with its copies; old ones are gone.
nightly() {
  local stem one code=0
  etcd_tools || { refuse NoTools "cannot get the tools of this host's etcd"; return 1; }
  my_turn || { remember backup skipped; return 0; }
  alone || return 1
  stem=$CLUSTER-$(date -u +%Y%m%dT%H%M%SZ)-$MY_NODE
  take "$stem" || return 1
  finished "$stem"
  for one in $COPIES; do
    copy "$stem" "$one" || { printf '%s\n' "$FAILURE" >&2; WHY=$FAILURE code=1; }
  done
  FAILURE=${WHY-}
  # Old backups are removed only if all copies of the new one succeeded.
  [ $code != 0 ] || prune "$stem"
  return $code
}

# newest_stem: the newest backup on this host.
newest_stem() { backups | newest_first | head -n 1 | cut -d' ' -f3; }

# drill_newest: runs the drill of the newest backup on this host, if there is one.
drill_newest() {
  local stem
  stem=$(newest_stem)
  [ -n "$stem" ] || { echo "no backup on this control plane"; remember drill skipped; return 0; }
  alone && drill "$stem"
}

# remember WHAT RESULT: records the last run, for `status` and the metrics.
remember() {
  mkdir -p "$STATE" && printf '%s %s %s %s\n' "$2" "$(date +%s)" "$SECONDS" "$(tr '\n' ' ' <<<"${FAILURE-}")" >"$STATE/.$1" &&
    mv -f "$STATE/.$1" "$STATE/$1"
  REMEMBERED=$2
}

# recall WHAT NUMBER: a field of the recorded run.
recall() { cut -d' ' -f"$2" "$STATE/$1" 2>/dev/null; }

epoch() { date -u -d "$1" +%s; }

# metric NAME HELP VALUE: three lines of a textfile; nothing without a value.
metric() {
  [ -n "$3" ] || return 0
  printf '# HELP k8sops_etcd_%s %s\n# TYPE k8sops_etcd_%s gauge\nk8sops_etcd_%s{cluster="%s",node="%s"} %s\n' \
    "$1" "$2" "$1" "$1" "$CLUSTER" "$MY_NODE" "$3"
}

bool() { case $1 in "$2") echo 1 ;; '') ;; *) echo 0 ;; esac; }

# metrics: writes METRICS/k8sops_etcd.prom about the newest backup here and the last runs, atomically.
metrics() {
  local json stem said drill
  [ -n "$METRICS" ] || return 0
  mkdir -p "$METRICS" || return 0
  stem=$(newest_stem)
  json="$FOLDER/$stem.json"
  {
    if [ -n "$stem" ]; then
      metric backup_last_success_timestamp_seconds "When the newest backup on this control plane was finished." "$(epoch "$(value endedAt "$json")")"
      metric backup_duration_seconds "How long it took." "$(value seconds "$json")"
      metric backup_size_bytes "The size of its snapshot." "$(value size "$json")"
      metric backup_revision "The revision of etcd in it." "$(value revision "$json")"
      metric backup_keys "The keys in it." "$(value keys "$json")"
      metric backup_copies "Places that it was copied to." "$(grep '^  "copies"' "$json" | grep -o '://' | wc -l)"
    fi
    metric backups "Backups on this control plane." "$(backups | wc -l)"
    metric backup_run_timestamp_seconds "When the last scheduled backup ended, done by this control plane or skipped." "$(recall backup 2)"
    metric backup_run_success "Whether it succeeded." "$(recall backup 1 | grep -q failed && echo 0 || { [ ! -f "$STATE/backup" ] || echo 1; })"
    drill=$(for said in "$FOLDER"/*.json; do sed -n 's/^  "drill": {"at": "\([^"]*\)", "ok": \([a-z]*\),.*"seconds": \([0-9]*\).*/\1 \2 \3/p' "$said"; done 2>/dev/null | sort | tail -n 1)
    if [ -n "$drill" ]; then
      metric drill_timestamp_seconds "When a backup was last restored and compared." "$(epoch "${drill%% *}")"
      metric drill_success "Whether it was what its manifest says." "$(bool "$(cut -d' ' -f2 <<<"$drill")" true)"
      metric drill_duration_seconds "How long that took." "${drill##* }"
    fi
  } >"$METRICS/.k8sops_etcd.$$" && chmod 0644 "$METRICS/.k8sops_etcd.$$" && mv -f "$METRICS/.k8sops_etcd.$$" "$METRICS/k8sops_etcd.prom"
}

# tell WHAT: reports a failure to the hook; its URL may be a secret, so curl reads it from a file for root only.
tell() {
  [ -f "$HOOK_CONFIG" ] || return 0
  curl -q -sS -K "$HOOK_CONFIG" --max-time 30 --retry 3 --retry-connrefused -o /dev/null -H 'Content-Type: application/json' \
    -d "{\"cluster\": $(json "$CLUSTER"), \"node\": $(json "$MY_NODE"), \"what\": $(json "$1"), \"why\": $(json "${FAILURE:-unknown}"), \"at\": \"$(date -u +%FT%TZ)\"}" ||
    echo "the hook could not be called" >&2
}

# ended WHAT: called by systemd or the cron file after each run, even if it was killed.
ended() {
  if [ "${SERVICE_RESULT-}" != success ]; then
    FAILURE=$(cat "$STATE/failure.$1" 2>/dev/null)
    FAILURE=${FAILURE:-"Killed: it ended without a message (${SERVICE_RESULT-}, ${EXIT_CODE-} ${EXIT_STATUS-})"}
    remember "$1" failed
    tell "$1"
  fi
  rm -f "$STATE/failure.$1"
  metrics
}

# begun WHAT FUNCTION: runs it; a failure is stored for `ended` and printed.
begun() {
  local what=$1
  mkdir -p "$STATE"
  rm -f "$STATE/failure.$what"
  FAILURE='' REMEMBERED=''
  if "$2"; then
    [ -n "$REMEMBERED" ] || remember "$what" well
    return 0
  fi
  printf '%s\n' "$FAILURE" >"$STATE/failure.$what"
  fail
}

# cron WHAT: does for a run started by cron what systemd does; output goes to the journal.
cron() {
  local what=$1 code=0
  sleep $((RANDOM_DELAY > 0 ? RANDOM % RANDOM_DELAY : 0))
  "$0" "$what" 2>&1 | systemd-cat -t k8sops-etcd-"$what"
  code=${PIPESTATUS[0]}
  SERVICE_RESULT=$([ "$code" = 0 ] && echo success || echo exit-code) EXIT_CODE=exited EXIT_STATUS=$code "$0" "ended-$what"
  return "$code"
}

# main WORD: the script as a program.
main() {
  case ${1-} in
  backup) begun backup nightly ;;
  drill) begun drill drill_newest ;;
  ended-backup | ended-drill) ended "${1#ended-}" ;;
  cron-backup | cron-drill) cron "${1#cron-}" ;;
  *) echo "usage: ${0##*/} backup|drill" >&2; exit 64 ;;
  esac
}
