# Retention: which backups stay on this host. Follows backup.sh.
# shellcheck shell=bash disable=SC2015
# KEEP, from the inventory: how many of the last ones, and of the newest of each day, ISO week and month that has any.

# fail: prints FAILURE and exits.
fail() { printf '%s\n' "${FAILURE:-Failed: see above}" >&2; exit 1; }

# backups: `ETCD REVISION STEM DRILL` of each backup of this cluster in FOLDER; ETCD is etcd's id of itself, DRILL is
# passed, failed or none.
backups() {
  local one stem drill etcd
  for one in "$FOLDER"/*.json; do
    stem=$(basename "$one" .json)
    [[ $stem =~ ^${STEM_PATTERN}$ ]] && [ "$(value cluster "$one")" = "$CLUSTER" ] || continue
    case $(grep '^  "drill": ' "$one") in *'"ok": true'*) drill=passed ;; *'"ok": false'*) drill=failed ;; *) drill=none ;; esac
    etcd=$(value clusterId "$one")
    printf '%s %s %s %s\n' "${etcd:-0}" "$(value revision "$one")" "$stem" $drill
  done
}

# newest_first [STEM]: sorts the output of `backups`; also used by k8sops itself (backup.py). The highest revision comes
# first, whatever clocks say. That holds within one etcd: after a rebuild or an undone restore, revisions are lower again.
# So backups of the etcd that STEM belongs to (without STEM: of the latest name) come before those of other etcds.
newest_first() {
  local all etcd
  all=$(sort -k3,3r)
  etcd=$(awk -v stem="${1-}" 'stem == "" || $3 == stem {print $1; exit}' <<<"$all")
  awk -v etcd="$etcd" '{print ($1 "" == etcd ""), $0}' <<<"$all" | sort -k1,1nr -k3,3nr -k4,4r | cut -d' ' -f2-
}

# kept STEM: reads the output of `backups` and prints the stems that stay. Only days that have a backup count, so a wrong
# clock cannot expire everything. Whatever KEEP says, three stay: STEM (the one just taken), the newest that passed its
# drill, and the newest that did not fail it.
kept() {
  local newest=$1 last daily weekly monthly stem drill day passed='' sound='' seen=' '
  local -A left
  read -r last daily weekly monthly <<<"$KEEP"
  left=([day]=$daily [week]=$weekly [month]=$monthly)
  newest_first "$newest" | while read -r _ _ stem drill; do
    local stays=''
    [ "$stem" != "$newest" ] || stays=1
    if [ "$drill" = failed ]; then
      # It does not count for KEEP, and is removed once a newer one has passed its drill.
      [ -n "$stays" ] || [ -n "$passed" ] || stays=1
    else
      [ -n "$sound" ] || stays=1
      sound=1
      if [ "$drill" = passed ] && [ -z "$passed" ]; then passed=1 stays=1; fi
      [ "$last" -le 0 ] || { last=$((last - 1)) stays=1; }
      day=$(grep -oE '[0-9]{8}T[0-9]{6}Z' <<<"$stem" | tail -n 1)
      for slot in "day:${day:0:8}" "week:$(date -u -d "${day:0:8}" +%G-%V 2>/dev/null)" "month:${day:0:6}"; do
        case $seen in *" $slot "*) continue ;; esac
        seen+="$slot "
        [ "${left[${slot%%:*}]}" -le 0 ] || { left[${slot%%:*}]=$((left[${slot%%:*}] - 1)) stays=1; }
      done
    fi
    [ -z "$stays" ] || printf '%s\n' "$stem"
  done
}

# prune STEM: removes expired backups, the manifest first, so that a partly removed backup does not count.
prune() {
  local stays stem
  stays=$(backups | kept "$1")
  [ -n "$stays" ] || return 0
  backups | while read -r _ _ stem _; do
    grep -qxF -- "$stem" <<<"$stays" || {
      rm -f "$FOLDER/$stem.json" && sync "$FOLDER" && rm -f "$FOLDER/$stem.db" "$FOLDER/$stem.tar" && echo "removed $stem"
    }
  done
}
