# The restore drill: a backup is restored into a scratch etcd of the same version and compared with its manifest.
# Follows tools.sh and backup.sh; used on control planes and on the operator's machine.
# shellcheck shell=bash disable=SC2015,SC2017
MARKER_KEY=/registry/configmaps/kube-system/k8sops-backup-marker

# same_cluster MANIFEST: checks by the CA that the backup belongs to this host's cluster; without a CA, any will do.
same_cluster() {
  local here there
  there=$(value caSha256 "$1")
  [ -n "$there" ] && [ -f /etc/kubernetes/pki/ca.crt ] || return 0
  here=$(sha256sum </etc/kubernetes/pki/ca.crt | cut -c1-64)
  [ "$here" = "$there" ] || refuse OtherCluster "the backup belongs to another cluster ($(value cluster "$1")): its CA differs from this host's"
}

# files_whole STEM: checks both files against the manifest. The restore itself checks the hash of the snapshot's
# content.
files_whole() {
  local stem=$1 json="$FOLDER/$1.json" size
  [ -f "$json" ] || { refuse Missing "no backup $stem in $FOLDER"; return 1; }
  [ -s "$json" ] && [ "$(value kind "$json")" = EtcdBackup ] && [ "$(value name "$json")" = "$stem" ] || {
    refuse BadManifest "$stem.json is not the manifest of this backup"; return 1; }
  [ -r "$FOLDER/$stem.db" ] && [ -r "$FOLDER/$stem.tar" ] || { refuse Missing "$stem.db or $stem.tar is missing or unreadable"; return 1; }
  size=$(stat -c %s "$FOLDER/$stem.db")
  [ "$size" -gt 0 ] || { refuse Empty "the snapshot is empty"; return 1; }
  [ "$size" = "$(value size "$json")" ] || { refuse Truncated "the snapshot has $size bytes, its manifest says $(value size "$json")"; return 1; }
  [ "$(embedded_sum "$FOLDER/$stem.db")" = "$(value sha256 "$json")" ] || { refuse HashDiffers "the hash at the end of the snapshot differs from the manifest"; return 1; }
  [ "$(sha256sum <"$FOLDER/$stem.tar" | cut -c1-64)" = "$(value tarSha256 "$json")" ] || refuse TarDiffers "$stem.tar is damaged: its hash differs from the manifest"
}

# same_version MANIFEST: checks that the tools here have the minor version that took the snapshot.
same_version() {
  local here there
  etcd_tools && here=$(etcd_version) && [ -n "$here" ] || { refuse NoTools "no etcd tools on this machine"; return 1; }
  there=$(value etcd "$1")
  [ "${here%.*}" = "${there%.*}" ] || refuse OtherVersion "the snapshot was taken with etcd $there, the tools here are $here"
}

# free_port: a free port on loopback.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
  done
}

# restored STEM SCRATCH: restores the snapshot into SCRATCH/data.
restored() {
  local said
  said=$(etcdutl snapshot restore "$FOLDER/$1.db" --data-dir="$2/data" --name=drill \
    --initial-cluster="drill=http://127.0.0.1:$PEER_PORT" --initial-advertise-peer-urls="http://127.0.0.1:$PEER_PORT" 2>&1) && return 0
  case $said in
  *"expected sha256"*) refuse HashDiffers "the snapshot is damaged: its content does not match the hash at its end" ;;
  *"no space"*) CANNOT_TELL=1; refuse NoSpace "no space left on the disk of $2" ;;
  *) refuse RestoreFailed "etcdutl cannot restore the snapshot: $(tail -n 1 <<<"$said" | cut -c1-300)" ;;
  esac
}

# scratch_etcd SCRATCH: an etcd on loopback over SCRATCH/data, which dies with this shell; DRILL_PID is its process.
# If the cluster's PKI is present, clients need a certificate of it.
scratch_etcd() {
  local scheme=http tls=() until=$((SECONDS + ${DRILL_SECONDS-120}))
  if [ -n "$ETCD_PKI" ]; then
    scheme=https
    tls=(--client-cert-auth --trusted-ca-file="$ETCD_PKI/ca.crt" --cert-file="$ETCD_PKI/server.crt" --key-file="$ETCD_PKI/server.key")
  fi
  ETCDCTL_ENDPOINTS=$scheme://127.0.0.1:$CLIENT_PORT
  setpriv --pdeathsig KILL "$ETCD_BIN/etcd" --name=drill --data-dir="$1/data" --unsafe-no-fsync --log-level=error \
    --listen-client-urls="$ETCDCTL_ENDPOINTS" --advertise-client-urls="$ETCDCTL_ENDPOINTS" "${tls[@]}" \
    --listen-peer-urls="http://127.0.0.1:$PEER_PORT" --initial-advertise-peer-urls="http://127.0.0.1:$PEER_PORT" \
    --initial-cluster="drill=http://127.0.0.1:$PEER_PORT" >"$1/log" 2>&1 &
  DRILL_PID=$!
  until etcdctl endpoint health --command-timeout=2s >/dev/null 2>&1; do
    kill -0 $DRILL_PID 2>/dev/null || { refuse NotStarted "etcd does not start on the restored data: $(tail -n 1 "$1/log" | cut -c1-300)"; return 1; }
    [ $SECONDS -lt $until ] || { refuse NotStarted "etcd on the restored data did not answer in time"; return 1; }
    sleep 0.1
  done
}

# begins KIND VERSION: how the stored form of an object begins, in base64, to a full group of 3 bytes: the API
# server's magic number, then its kind and version (k8s.io/apimachinery, runtime.Unknown).
begins() {
  local kind=$1 version=$2 both
  both=$((4 + ${#kind} + ${#version}))
  printf 'k8s\0\n%b\n%b%s\x12%b%s' "$(printf '\\x%02x' $both)" "$(printf '\\x%02x' ${#version})" "$version" \
    "$(printf '\\x%02x' ${#kind})" "$kind" | base64 -w0 | head -c $(((10 + ${#kind} + ${#version}) / 3 * 4))
}

# decode KIND PREFIX REVISION: how many values below the prefix do not begin as an object of this kind does, nor as
# one that is encrypted at rest; a thousand at a time.
decode() {
  local from=$2 page bad=0 good count last
  good="\"value\":\"($(begins "$1" v1)|azhzOmVuYz)"
  while :; do
    page=$(etcdctl get "$from" "${2%/}0" --limit=1000 --rev="$3" --command-timeout=60s -w json) || return 1
    count=$(grep -o '"value":"' <<<"$page" | wc -l)
    bad=$((bad + count - $(grep -oE "$good" <<<"$page" | wc -l)))
    [ "$count" -ge 1000 ] || break
    last=$(grep -o '"key":"[^"]*"' <<<"$page" | tail -n 1 | cut -d'"' -f4 | base64 -d)
    # No name has a sign that sorts before "!" (RFC 1123).
    from="$last!"
  done
  echo $bad
}

# compare STEM: compares the scratch etcd at the manifest's revision with the manifest.
compare() {
  local json="$FOLDER/$1.json" revision said kind has
  revision=$(value revision "$json")
  has=$(etcd_status Revision)
  [ "${has:-0}" -ge "$revision" ] || { refuse RevisionBehind "the snapshot ends at revision ${has:-0}, its manifest says $revision"; return 1; }
  at_revision "$revision" || { refuse NotReadable "etcd on the restored data cannot be read at revision $revision"; return 1; }
  [ "$COMPACTED" = "$(value compactRevision "$json")" ] || {
    refuse OtherCompaction "compacted up to $COMPACTED, its manifest says $(value compactRevision "$json")"; return 1; }
  [ "$HASH" = "$(value hashKv "$json")" ] || { refuse KeyspaceDiffers "the hash of the keyspace at revision $revision is $HASH, its manifest says $(value hashKv "$json")"; return 1; }
  [ "$KEYS" = "$(value keys "$json")" ] || { refuse CountDiffers "$KEYS keys, its manifest says $(value keys "$json")"; return 1; }
  [ "{$COUNTS}" = "$(sed -n 's/^  "counts": \(.*\),$/\1/p' "$json")" ] || { refuse CountDiffers "objects: $COUNTS"; return 1; }
  said=$(value marker "$json")
  [ -z "$said" ] || etcdctl get "$MARKER_KEY" --rev="$revision" --print-value-only 2>/dev/null | grep -qaF -- "$said" || {
    refuse MarkerMissing "the marker $said is not in the snapshot"; return 1; }
  for kind in Node=minions Namespace=namespaces Secret=secrets; do
    has=$(decode "${kind%%=*}" "/registry/${kind#*=}/" "$revision") || { refuse NotReadable "the ${kind#*=} cannot be read"; return 1; }
    [ "$has" = 0 ] || { refuse NotDecoded "$has objects below /registry/${kind#*=} cannot be decoded"; return 1; }
  done
}

# tried STEM: the drill itself. CANNOT_TELL is set if the failure says nothing about the backup.
tried() {
  local stem=$1 json="$FOLDER/$1.json" scratch code=0
  CANNOT_TELL="" DRILL_PID=""
  files_whole "$stem" || return 1
  { same_cluster "$json" && same_version "$json" && room "$FOLDER" "$(($(value size "$json") * 5 / 4))"; } || { CANNOT_TELL=1; return 1; }
  scratch=$(mktemp -d "$FOLDER/.drill.XXXXXX") || { CANNOT_TELL=1; refuse Unwritable "cannot create a scratch folder in $FOLDER"; return 1; }
  PEER_PORT=$(free_port) CLIENT_PORT=$(free_port)
  restored "$stem" "$scratch" && scratch_etcd "$scratch" && compare "$stem" || code=1
  [ -z "$DRILL_PID" ] || { kill -9 "$DRILL_PID"; wait "$DRILL_PID"; } 2>/dev/null
  rm -rf "$scratch"
  unset ETCDCTL_ENDPOINTS
  return $code
}

# record_drill STEM JSON: writes the result of the drill to the manifest.
record_drill() {
  sed "s/^  \"drill\": .*/  \"drill\": $(printf %s "$2" | sed 's/[&\/\\]/\\&/g')/" "$FOLDER/$1.json" >"$FOLDER/.$1.json.part" &&
    settled "$1.json" && sync "$FOLDER"
}

# drill STEM: restores and compares the backup, and records the result in its manifest. The caller holds the lock.
drill() {
  local stem=$1 since=$SECONDS ok=true
  is_stem "$stem" || return 1
  umask 077
  rm -rf "$FOLDER"/.drill.*
  FAILURE=
  tried "$stem" || ok=false
  if [ -f "$FOLDER/$stem.json" ] && [ -z "$CANNOT_TELL" ] && [ "${FAILURE%%:*}" != BadManifest ]; then
    record_drill "$stem" "{\"at\": \"$(date -u +%FT%TZ)\", \"ok\": $ok, \"why\": $([ -z "$FAILURE" ] && echo null ||
      json "$FAILURE"), \"seconds\": $((SECONDS - since)), \"where\": $(json "$MY_NODE")}" || {
      refuse Unwritable "cannot write the result of the drill"; return 1; }
  fi
  [ $ok = true ] || return 1
  echo "drill $stem: passed, revision $(value revision "$FOLDER/$stem.json"), $KEYS keys, $((SECONDS - since)) s"
}

# drilled STEM: whether its last drill passed, by its manifest.
drilled() { grep -q '^  "drill": {.*"ok": true' "$FOLDER/$1.json" 2>/dev/null; }
