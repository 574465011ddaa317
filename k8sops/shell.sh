# What every script of k8sops begins with. shell.py puts a line MARK=<nonce> before it and the work behind it.
# shellcheck shell=bash disable=SC2034
set -u
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a KUBECONFIG=/etc/kubernetes/admin.conf
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# What a proxy setting of a login would do to calls of the API server is never wanted here.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY no_proxy NO_PROXY ALL_PROXY all_proxy
umask 022
LOCK=/run/k8sops.lock

# A marker is a line of its own, even when what ran before it ended without a newline.
mark() { printf '\n%s %s\n' "$MARK" "$*"; }

# heard: whoever sent this script still waits for it. On descriptor 8 come lines: a beat, which is the sender's own
# count of seconds since it sent the script, or `stop`. Where the line is closed, or was silent for too long, the
# script ends here, between two resources, and never in the middle of one.
SILENCE=30 HEARD=0 STOP=
heard() {
  local line
  [ -n "${LISTENS-}" ] || return 0
  while IFS= read -r -t 0 -u 8; do
    IFS= read -r -u 8 line || exit 76
    case $line in stop) STOP=1 ;; *) HEARD=$line ;; esac
  done
  [ $((SECONDS - HEARD)) -le $SILENCE ] || exit 76
}

# relay: passes on what a step prints. A step never learns that nobody reads any more: apt would die of it.
relay() {
  local line
  trap '' PIPE
  while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line" 2>/dev/null || :; done
}

# --- the words that a check uses -------------------------------------------------------------------------------
drift() { [ $# = 0 ] || printf '%s\n' "$*"; exit 10; }
unknown() { printf '%s\n' "$*"; exit 11; }

# was_file PATH: shows what the file holds now, for a diff.
was_file() { if [ -f "$1" ]; then mark was "$INDEX" "$(base64 -w0 <"$1")"; fi; }

# file_holds PATH SHA256 MODE OWNER GROUP [secret]
file_holds() {
  local has
  [ -e "$1" ] || drift
  [ -f "$1" ] || { printf '%s is not a regular file\n' "$1"; exit 12; }
  [ "$(sha256sum <"$1")" = "$2  -" ] || { [ -n "${6-}" ] || was_file "$1"; DRIFTED=1; }
  has=$(stat -c '%04a %U:%G' "$1")
  [ "$has" = "$3 $4:$5" ] || { printf 'mode %s, wanted %s\n' "$has" "$3 $4:$5"; DRIFTED=1; }
  [ -z "${DRIFTED-}" ] || drift
}

# kubectl: on a control plane it asks this one's own API server, whatever the endpoint points to: that may be dead.
kubectl() {
  local own
  own=$(sed -n 's/.*advertise-address.endpoint: *//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null)
  command kubectl ${own:+"--server=https://$own"} "$@"
}

# need_api: goes on only when the API can be asked; a bare host has none (drift), a silent one leaves it unknown.
need_api() {
  [ -f "$KUBECONFIG" ] && type -P kubectl >/dev/null || drift
  kubectl get --raw=/readyz --request-timeout=5s >/dev/null 2>&1 || unknown "the API server does not answer"
}

# pod_volumes: what is mounted for pods, and where; projected secrets and empty directories in memory do not count.
pod_volumes() {
  awk '$2 ~ "^/var/lib/kubelet/pods/.*/volume(s|-subpaths)/" && $3 != "tmpfs" {print $1, "at", $2}' /proc/mounts
}

# --- the words that an apply uses ------------------------------------------------------------------------------
# put_file PATH MODE OWNER: stdin becomes the file, whole or not at all. What one that died in the middle has left
# beside it is removed: the lock says that nobody else is at work.
put_file() {
  local dir=${1%/*} new
  [ -d "${dir:-/}" ] || mkdir -p "$dir"
  rm -f "$dir"/.k8sops.????????
  new=$(mktemp "$dir/.k8sops.XXXXXXXX")
  cat >"$new" && chmod "$2" "$new" && chown "$3" "$new" && sync "$new" && mv -fT "$new" "$1" ||
    { rm -f "$new"; return 1; }
}

# apt_get ARGS: once nobody else is at work; keeps configuration files that a person changed.
apt_get() {
  apt_ready || return
  apt-get -q -y -o DPkg::Lock::Timeout=$APT_PATIENCE -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o Acquire::Retries=3 --no-install-recommends "$@"
}

# apt_ready: waits for another apt or dpkg that is at work, and finishes what one that died has left half configured.
# apt itself waits for dpkg's lock only, not for those on its lists and on what it has fetched.
APT_PATIENCE=300
APT_LOCKS="/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock"
apt_ready() {
  local until=$((SECONDS + APT_PATIENCE)) holder told=
  while holder=$(apt_holder); [ -n "$holder" ]; do
    [ "$holder" = "$told" ] || echo "waiting for $holder"
    [ $SECONDS -lt $until ] || { echo "gave up after $APT_PATIENCE s: $holder"; return 1; }
    told=$holder
    sleep 1
  done
  [ -n "$(dpkg --audit)$(ls -A /var/lib/dpkg/updates)" ] || return 0
  echo "dpkg was left half configured: that is finished first"
  dpkg --force-confdef --force-confold --configure -a || echo "dpkg could not finish it; apt goes on from there"
}

# apt_holder: which process holds one of those locks, and which.
apt_holder() {
  local path inode pid where
  for path in $APT_LOCKS; do
    inode=$(stat -c %i "$path" 2>/dev/null) || continue
    while read -r _ _ _ _ pid where _; do
      case $where in *:"$inode") echo "$(cat "/proc/$pid/comm" 2>/dev/null) (pid $pid), which holds $path"; return ;; esac
    done </proc/locks
  done
}

# --- how resources run -----------------------------------------------------------------------------------------
# Fragments run in a subshell that inherits neither stdin nor the lock, so nothing that they start can hold it.
run_check() { INDEX=$1; ( set -u; "check_$1" ) </dev/null 2>&1 8<&- 9>&-; }
# An apply is a process group of its own (set -m), so that all of it can be ended after DEADLINE seconds.
run_apply() {
  INDEX=$1
  {
    set -m
    ( set +m -euo pipefail; "apply_$1" ) </dev/null 2>&1 &
    local work=$! code=0
    ( set +m; sleep "$2"; echo "it was not done within $2 s, and is ended"; kill -- -$work; sleep 10; kill -9 -- -$work ) &
    local guard=$!
    wait $work || code=$?
    kill -- -$guard
    wait $guard
    exit $code
  } 2>/dev/null 8<&- 9>&- | relay 8<&- 9>&-
  return "${PIPESTATUS[0]}"
}

survey() {
  local code
  mark begin "$1"
  run_check "$1"; code=$?
  mark checked "$1" $code
}

# converge INDEX SETTLE DEADLINE ID: check, apply on drift, check again; each for up to SETTLE seconds until it is told.
converge() {
  local code until
  heard
  [ -z "$STOP" ] || { mark stopped "$1"; return 1; }
  mark begin "$1"
  run_check "$1"; code=$?
  # What cannot be told at the moment, as while an API server starts anew, is asked again.
  until=$((SECONDS + $2))
  while [ $code = 11 ] && [ $SECONDS -lt $until ]; do
    heard
    [ -z "$STOP" ] || { mark stopped "$1"; return 1; }
    sleep 2
    run_check "$1" >/dev/null; code=$?
  done
  mark checked "$1" $code
  [ $code != 0 ] || return 0
  [ $code = 10 ] || return 1
  if declare -F "apply_$1" >/dev/null; then
    at_work "$4"
    mark apply "$1"
    run_apply "$1" "$3"; code=$?
    [ $code = 0 ] || { mark failed "$1" $code; return 1; }
  else
    mark wait "$1"
  fi
  until=$((SECONDS + $2))
  while :; do
    run_check "$1"; code=$?
    [ $code != 0 ] || break
    [ $SECONDS -lt $until ] || { mark unsettled "$1" $code; return 1; }
    heard
    [ -z "$STOP" ] || { mark stopped "$1"; return 1; }
    sleep 1
  done
  mark settled "$1"
}

# lock WHO SECONDS: one mutating script a host at a time, by a kernel lock that ends with this process. One that is
# still at work there is named and waited for. The lock's file says who holds it, and what runs.
lock() {
  local until=$((SECONDS + $2))
  exec 9>>"$LOCK"
  if ! flock -n 9; then
    mark locked "$(head -c 300 "$LOCK" | tr '\n' ' ')"
    until flock -w 1 9; do
      heard
      [ -z "$STOP" ] || { mark stopped 0; exit 0; }
      [ $SECONDS -lt $until ] || { mark held "$(head -c 300 "$LOCK" | tr '\n' ' ')"; exit 75; }
    done
  fi
  HOLDER="$1, pid $$, since $(date -u +%FT%TZ)"
  at_work "begins"
}
at_work() { printf '%s: %s\n' "$HOLDER" "$1" >"$LOCK"; }

# hold WHO FILE: holds a kernel lock on FILE for as long as a line comes every 4 seconds; each is answered.
hold() {
  local line
  exec 9>>"$2"
  flock -n 9 || { mark held "$(head -c 300 "$2" | tr '\n' ' ')"; exit 75; }
  printf '%s, since %s\n' "$1" "$(date -u +%FT%TZ)" >"$2"
  mark taken
  while IFS= read -r -t 4 -u 8 line && [ "$line" != release ]; do mark beat; done
  : >"$2"
}

# openpgp_fingerprints: the fingerprint of each primary key in an armoured keyring (stdin), one a line. A bare Debian
# host has gpgv but no gpg, so the packets are walked here: RFC 4880, 4.2 (headers) and 12.2 (fingerprint of a v4 key).
openpgp_fingerprints() (
  set -e
  raw=$(mktemp)
  trap 'rm -f "$raw"' EXIT
  tr -d '\r' | sed -e '1,/^$/d' -e '/^=/,$d' -e '/^-----END/,$d' | base64 -d >"$raw"
  size=$(stat -c %s "$raw") at=0
  byte() { od -An -tu1 -j "$1" -N 1 "$raw" | tr -d ' '; }
  while [ "$at" -lt "$size" ]; do
    head=$(byte "$at"); one=$(byte $((at + 1)))
    if [ $((head & 64)) = 0 ]; then
      tag=$(((head >> 2) & 15))
      case $((head & 3)) in
      0) length=$one from=$((at + 2)) ;;
      1) length=$((one * 256 + $(byte $((at + 2))))) from=$((at + 3)) ;;
      *) echo "unreadable"; exit 1 ;;
      esac
    else
      tag=$((head & 63))
      if [ "$one" -lt 192 ]; then length=$one from=$((at + 2))
      elif [ "$one" -lt 224 ]; then length=$(((one - 192) * 256 + $(byte $((at + 2))) + 192)) from=$((at + 3))
      else echo "unreadable"; exit 1; fi
    fi
    if [ "$tag" = 6 ]; then
      {
        printf '%b' "$(printf '\\x99\\x%02x\\x%02x' $((length >> 8)) $((length & 255)))"
        tail -c "+$((from + 1))" "$raw" | head -c "$length"
      } | sha1sum | cut -c1-40 | tr a-f A-F
    fi
    at=$((from + length))
  done
)
