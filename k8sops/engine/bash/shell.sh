# What every script of k8sops begins with. shell.py puts a line MARK=<nonce> before it and the work behind it.
# Checks and applies, which come behind it, use variables and give arguments that nothing here does; `$` in single
# quotes is a template's.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2016,SC2015,SC1007
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
# fail TEXT: an apply ends here; TEXT is the reason that the user reads first.
fail() { mark why "$INDEX" "$(base64 -w0 <<<"$*")"; exit 1; }
# warning NAME TEXT: as kubeadm prints its own; the user sees it even where all goes well.
warning() { printf '[WARNING %s]: %s\n' "$1" "$2"; }

# --- what checks ask for ---------------------------------------------------------------------------------------
# Processes are what a run with nothing to do costs, so there is one of each kind here, however many checks. A survey
# asks once for all of its checks, a check that runs alone for itself (Resource.asks).
declare -A MODE TIME SUM UNIT STARTED PACKAGE NODE OBJECT
HEALTH=() API=

# ask_file PATH…: MODE `0644 root:root`, TIME in microseconds, SUM: sha256, of regular files; MODE of folders.
ask_file() {
  local mode owner time name sum all=() files=()
  for name; do
    [ ! -f "$name" ] || files+=("$name")
    [ ! -f "$name" ] && [ ! -d "$name" ] || all+=("$name")
  done
  [ ${#all[@]} -gt 0 ] || return 0
  while read -r mode owner time name; do
    MODE[$name]="$mode $owner" TIME[$name]=${time/./}
  done < <(stat -L -c '%04a %U:%G %.6Y %n' "${all[@]}" 2>/dev/null)
  [ ${#files[@]} -gt 0 ] || return 0
  while read -r sum name; do SUM[$name]=$sum; done < <(sha256sum "${files[@]}" 2>/dev/null)
}

# ask_unit UNIT…: UNIT `loaded active enabled no` (no: its file has not changed), STARTED in microseconds.
ask_unit() {
  local name line names=() times=() at=0 properties=LoadState,ActiveState,UnitFileState,NeedDaemonReload,Id
  local -A has=()
  # Times in microseconds came with systemd 248.
  line=$(systemctl show -p $properties,ExecMainStartTimestamp --timestamp=us+utc "$@" 2>/dev/null ||
    systemctl show -p $properties,ExecMainStartTimestamp "$@" 2>/dev/null)
  # An empty line stands between two units, none behind the last.
  while IFS= read -r line; do
    if [ -n "$line" ]; then
      has[${line%%=*}]=${line#*=}
      continue
    fi
    name=${has[Id]-}
    [ -n "$name" ] || continue
    UNIT[$name]="${has[LoadState]-} ${has[ActiveState]-} ${has[UnitFileState]:-none} ${has[NeedDaemonReload]-}"
    names+=("$name") times+=("${has[ExecMainStartTimestamp]:-@0}") has=()
  done <<<"$line"$'\n'
  [ ${#names[@]} -gt 0 ] || return 0
  while read -r line; do STARTED[${names[at]}]=$line at=$((at + 1)); done < <(
    printf '%s\n' "${times[@]}" | date -f - +%s%6N
  )
}

# ask_package NAME…: PACKAGE `install ok installed 1.2.3`, with `hold` for `install` where it is held.
ask_package() {
  local name has
  while read -r name has; do
    # Of several architectures, the one that is installed counts.
    case ${PACKAGE[$name]-} in *' ok installed '*) ;; *) PACKAGE[$name]=$has ;; esac
  done < <(
    dpkg-query -W -f '${Package} ${db:Status-Want} ${db:Status-Eflag} ${db:Status-Status} ${Version}\n' "$@" 2>/dev/null
  )
}

# ask_nodes: NODE, by `NAME`, `NAME ready True`, and `NAME label|annotate|taint KEY=VALUE`; `NAME because`: what keeps it
# from being Ready. HEALTH gets `node NAME ready False`, `node NAME condition DiskPressure`, `node NAME cordoned`.
ask_nodes() {
  ! can_ask_api || exec {NODES_FD}< <(
    kubectl get nodes --request-timeout=10s -o go-template="$NODE_LINES" 2>/dev/null && echo .
  )
}
NODE_LINES='{{range .items}}{{$n := .metadata.name}}{{$n}}{{"\n"}}'
NODE_LINES+='{{range .status.conditions}}{{if eq .type "Ready"}}{{$n}} ready {{.status}}{{"\n"}}'
NODE_LINES+='{{if ne .status "True"}}{{$n}} because {{printf "%q" (or .message "")}}{{"\n"}}{{end}}'
NODE_LINES+='{{else if eq .status "True"}}{{$n}} condition {{.type}}{{"\n"}}{{end}}{{end}}'
NODE_LINES+='{{if .spec.unschedulable}}{{$n}} cordoned{{"\n"}}{{end}}'
NODE_LINES+='{{range $k, $v := .metadata.labels}}{{$n}} label {{$k}}={{$v}}{{"\n"}}{{end}}'
NODE_LINES+='{{range $k, $v := .metadata.annotations}}{{$n}} annotate {{$k}}={{$v}}{{"\n"}}{{end}}'
NODE_LINES+='{{range .spec.taints}}{{$n}} taint {{.key}}={{if .value}}{{.value}}{{end}}:{{.effect}}{{"\n"}}{{end}}{{end}}'

# ask_objects YAML…: OBJECT, by `Kind namespace/name`: what was noted when it was applied | generation, the one that was
# seen, and pods wanted, there, updated, available | which of its fields are ours (KEP-555). What is not found here may
# be there all the same: where one kind is not known to the API, it answers for none.
ask_objects() {
  OBJECTS_ASKED=("$@")
  # Two more, so that it is always a list that comes back.
  ! can_ask_api || exec {OBJECTS_FD}< <(
    printf '%s\n---\n' "$@" '{apiVersion: v1, kind: Namespace, metadata: {name: default}}' \
      '{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}' |
      kubectl get -f - --ignore-not-found --request-timeout=10s -o go-template="$OBJECT_LINES" 2>&1
  )
}
OBJECT_LINES='{{range .items}}{{$want := 0}}{{with .spec}}{{with .replicas}}{{$want = .}}{{end}}{{end}}'
OBJECT_LINES+='{{.kind}} {{or .metadata.namespace "-"}}/{{.metadata.name}}|'
OBJECT_LINES+='{{with .metadata.annotations}}{{with index . "k8sops.io/applied"}}{{.}}{{end}}{{end}}|'
OBJECT_LINES+='{{or .metadata.generation 0}} {{with .status}}{{or .observedGeneration 0}} {{with .desiredNumberScheduled}}'
OBJECT_LINES+='{{$want = .}}{{end}}{{$want}} {{or .replicas .currentNumberScheduled 0}} '
OBJECT_LINES+='{{or .updatedReplicas .updatedNumberScheduled 0}} {{or .availableReplicas .numberAvailable 0}}{{end}}|'
OBJECT_LINES+='{{range .metadata.managedFields}}{{if eq .manager "k8sops"}}{{.fieldsV1}}{{end}}{{end}}{{"\n"}}{{end}}'

# object_gone OBJECT: the API says that there is none. That it is not among what was asked for at once proves nothing:
# another object, of a kind that the API does not know, may have hidden it.
object_gone() {
  local said space=${1#* }
  [ -z "${OBJECT[$1]-}" ] || return 1
  said=$(kubectl -n "${space%%/*}" get "${1%% *}" "${1##*/}" --ignore-not-found --request-timeout=10s -o name 2>&1) &&
    [ -z "$said" ]
}

# node_leases: of each node, when its kubelet was last heard of.
node_leases() {
  kubectl -n kube-node-lease get leases --request-timeout=10s \
    -o go-template='{{range .items}}{{.metadata.name}} {{.spec.renewTime}}{{"\n"}}{{end}}'
}
# utc SECONDS: a time since the epoch, as the API writes times; two of them compare as texts do.
utc() { TZ=UTC printf '%(%FT%T)T' "$1"; }

# hear_nodes: what the API answers to ask_nodes; fails if it did not list the nodes.
hear_nodes() {
  local name listed=
  while IFS= read -r name; do
    case ${name#* } in
    '') ;;
    .) listed=1 API=ready ;;
    because\ *) NODE[${name%% *} because]=${name#* because } ;;
    condition\ * | cordoned) HEALTH+=("node $name") ;;
    "ready True") NODE[$name]=1 ;;
    ready\ *) NODE[$name]=1 HEALTH+=("node $name") ;;
    *) NODE[$name]=1 ;;
    esac
  done <&"$NODES_FD"
  exec {NODES_FD}<&-
  NODES_FD=
  [ -n "$listed" ]
}

# hear_objects: what the API answers to ask_objects; fails if it did not answer. An object that it does not know, or a
# kind, is an answer.
hear_objects() {
  local name rest silent=
  while IFS='|' read -r name rest; do
    [ -z "$rest" ] || { OBJECT[$name]=$rest API=ready; continue; }
    case $name in
    *"Unable to connect"* | *refused* | *imeout* | *"timed out"* | *ServiceUnavailable* | *EOF*) silent=1 ;;
    esac
  done <&"$OBJECTS_FD"
  exec {OBJECTS_FD}<&-
  OBJECTS_FD=
  [ -z "$silent" ]
}

# hear_api: what the API answers to those, which were asked at the same time; nothing where it was not asked.
hear_api() {
  local name failed=
  can_ask_api || return 0
  [ -z "$NODES_FD" ] || hear_nodes || failed+=" nodes"
  [ -z "$OBJECTS_FD" ] || hear_objects || failed+=" objects"
  if [ -n "$HEALTH_FD" ]; then
    while IFS= read -r name; do
      HEALTH+=("$name") API=ready
    done <&"$HEALTH_FD"
    exec {HEALTH_FD}<&-
    HEALTH_FD=
  fi
  api_answers || return 0
  # A list timed out, or the API server was starting. Without it nothing would seem to exist: asked again, and if that
  # fails too, the API counts as silent, which leaves unknown whatever depends on it.
  [[ $failed != *nodes* ]] || { ask_nodes && hear_nodes; } || API=silent
  [[ $failed != *objects* ]] || { ask_objects "${OBJECTS_ASKED[@]}" && hear_objects; } || API=silent
}
OBJECTS_ASKED=()
NODES_FD='' OBJECTS_FD='' HEALTH_FD=''

can_ask_api() { [ -f "$KUBECONFIG" ] && type -P kubectl >/dev/null; }

# api_answers: asked once, where a survey asks for all of its checks; waited for, up to 30 s, while it starts.
api_answers() {
  local said until=$((SECONDS + 30))
  while [ -z "$API" ]; do
    if said=$(kubectl get --raw=/readyz --request-timeout=5s 2>&1); then API=ready; break; fi
    # One that says itself what it is not ready for is on its way up.
    case $said in *"[-]"*) [ $SECONDS -lt $until ] && sleep 2 || API=silent ;; *) API=silent ;; esac
  done
  [ "$API" = ready ]
}

# fields_of OBJECT…: a digest of which fields of these objects are ours; one that somebody else has set is none.
fields_of() {
  local name sum
  read -r sum _ < <(for name; do printf '%s\n' "${OBJECT[$name]#*|*|}"; done | sha256sum)
  printf '%s' "$sum"
}

# was_file PATH: shows what the file holds now, for a diff.
was_file() { if [ -f "$1" ]; then mark was "$INDEX" "$(base64 -w0 <"$1")"; fi; }

# file_holds PATH SHA256 MODE OWNER GROUP [secret]
file_holds() {
  [ -e "$1" ] || drift
  [ -f "$1" ] || { printf '%s is not a regular file\n' "$1"; exit 12; }
  [ "${SUM[$1]-}" = "$2" ] || { [ -n "${6-}" ] || was_file "$1"; DRIFTED=1; }
  [ "${MODE[$1]-}" = "$3 $4:$5" ] || { printf 'mode %s, wanted %s\n' "${MODE[$1]-}" "$3 $4:$5"; DRIFTED=1; }
  [ -z "${DRIFTED-}" ] || drift
}

# block_holds PATH NAME WANT: between its two comment lines, and they included, the file says what is wanted.
block_holds() {
  local line inside= has=
  [ -e "$1" ] || drift
  while IFS= read -r line || [ -n "$line" ]; do
    [ "$line" != "# k8sops $2 begin" ] || inside=1
    [ -z "$inside" ] || has+=$line$'\n'
    [ "$line" != "# k8sops $2 end" ] || inside=
  done <"$1"
  [ "$has" != "$3" ] || return 0
  mark was "$INDEX" "$(printf %s "$has" | base64 -w0)"
  drift
}

# has_line PATH LINE: one of the file's lines is this.
has_line() {
  local line
  [ -f "$1" ] || return 1
  while IFS= read -r line || [ -n "$line" ]; do
    [ "$line" != "$2" ] || return 0
  done <"$1"
  return 1
}

# has_feature PROOF: this path exists, or the kernel knows this file system.
has_feature() { [ -e "$1" ] || has_line /proc/filesystems "nodev"$'\t'"$1" || has_line /proc/filesystems $'\t'"$1"; }

# kubectl: on a control plane it asks this one's own API server, whatever the endpoint points to: that may be dead.
kubectl() {
  local line own=
  while read -r line; do
    case $line in *advertise-address.endpoint:*) own=${line##* }; break ;; esac
  done 2>/dev/null </etc/kubernetes/manifests/kube-apiserver.yaml
  # Most of its time is its start, in which Go would collect its garbage several times over.
  GOGC=500 command kubectl ${own:+"--server=https://$own"} "$@"
}

# need_api: goes on only when the API can be asked; a bare host has none (drift), a silent one leaves it unknown.
need_api() {
  can_ask_api || drift
  api_answers || unknown "the API server does not answer"
}

# pod_volumes [PREFIX]: what is mounted for pods, and where, behind PREFIX; projected secrets and empty directories in
# memory do not count.
pod_volumes() {
  local device where kind line lines
  # Read at once: `read` asks the kernel for all of it again with every line, and it may be another by then.
  mapfile -t lines </proc/mounts
  for line in "${lines[@]}"; do
    case $line in *" /var/lib/kubelet/pods/"*) read -r device where kind _ <<<"$line" ;; *) continue ;; esac
    case $kind:$where in
    tmpfs:*) ;;
    *:/var/lib/kubelet/pods/*/volumes* | *:/var/lib/kubelet/pods/*/volume-subpaths*) echo "${1-}$device at $where" ;;
    esac
  done
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

# survey COUNT: what each check says. They run one after the other in one subshell: a check that says anything but
# "holds" ends it, and another one goes on behind it.
survey() {
  local at=0 code
  while [ "$at" -lt "$1" ]; do
    at=$(survey_from "$at" "$1" 3>&1 >&4 2>&4 8<&-); code=$?
    at=${at##*$'\n'}
    [ "$at" = "$1" ] || { mark checked "$at" $code; at=$((at + 1)); }
  done
} 4>&1
# survey_from FROM COUNT: on descriptor 3 it says which check it is at, and COUNT when there is none left.
survey_from() {
  for ((INDEX = $1; INDEX < $2; INDEX++)); do
    printf '\n%s' "$INDEX" >&3
    mark begin "$INDEX"
    "check_$INDEX"
    mark checked "$INDEX" $?
  done
  printf '\n%s' "$2" >&3
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

# writable FILE: the file can be opened for writing; else it says who cannot write which file, and why.
writable() {
  local why
  if { : >>"$1"; } 2>/dev/null; then return 0; fi
  why=$({ : >>"$1"; } 2>&1)
  mark unwritable "$1 as $(id -un) (${why##*: })"
  return 1
}

# lock WHO SECONDS: one mutating script a host at a time, by a kernel lock that ends with this process. One that is
# still at work there is named and waited for. The lock's file says who holds it, and what runs.
lock() {
  local until=$((SECONDS + $2))
  writable "$LOCK" || exit 74
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
# at_rest: nobody needs to try the lock to know that nothing is at work.
at_rest() { : >"$LOCK"; }

# hold WHO FILE SECONDS: holds a kernel lock on FILE for as long as lines come; each is answered. After SECONDS without
# one, the lock goes to whoever asks for it: one who is only slow loses nothing to nobody. After a minute it is free.
hold() {
  local silent=0 code
  writable "$2" || exit 74
  exec 9>>"$2"
  if ! flock -n 9; then
    : >"$2.wanted"
    flock -w 1.5 9 || { mark held "$(head -c 300 "$2" | tr '\n' ' ')"; exit 75; }
  fi
  printf '%s, since %s\n' "$1" "$(date -u +%FT%TZ)" >"$2"
  rm -f "$2.wanted"
  mark taken
  while :; do
    IFS= read -r -t $((silent ? 1 : $3)) -u 8; code=$?
    if [ $code = 0 ] && [ "$REPLY" != release ]; then
      silent=0
      [ ! -e "$2.wanted" ] || rm -f "$2.wanted"
      mark beat
    elif [ $code -gt 128 ]; then
      silent=$((silent + 1))
      [ ! -e "$2.wanted" ] && [ $silent -lt 60 ] || break
    else
      break
    fi
  done
  : >"$2"
}
