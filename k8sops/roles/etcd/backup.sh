# Backups of etcd on this host: three files with one stem. The manifest is written last: a backup exists once its
# manifest exists. Follows shell.sh and tools.sh.
# shellcheck shell=bash disable=SC2015
CLUSTER=${CLUSTER-} MY_NODE=${MY_NODE-$(uname -n)} TOOL=${TOOL-} FOLDER=${FOLDER-/var/backups/k8sops}
# Space-separated client URLs of all control planes, used if this host's own member is dead or behind.
ENDPOINTS=${ENDPOINTS-https://127.0.0.1:2379}
BACKUP_LOCK=${BACKUP_LOCK-/run/k8sops-backup.lock}
STEM_PATTERN='[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?-[0-9]{8}T[0-9]{6}Z-[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?'
# Kinds whose objects are counted, and their key prefix below /registry/.
KINDS="nodes=minions namespaces=namespaces secrets=secrets configmaps=configmaps pods=pods services=services/specs
deployments=deployments daemonsets=daemonsets statefulsets=statefulsets persistentvolumes=persistentvolumes
persistentvolumeclaims=persistentvolumeclaims customresourcedefinitions=apiextensions.k8s.io/customresourcedefinitions"

# refuse NAME TEXT: sets FAILURE, the error that is printed at the end; NAME identifies it in manifests and tests.
FAILURE=
refuse() { FAILURE="$1: $2"; return 1; }

is_stem() { [[ $1 =~ ^${STEM_PATTERN}$ ]] || refuse BadName "invalid backup name \`$1\`"; }

# json TEXT: as a JSON string; control characters become spaces.
json() {
  local text
  text=$(printf %s "$1" | tr '\000-\037' ' ')
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# value NAME FILE: of a manifest, where each field has a line of its own; without quotes. `null` is nothing.
value() { sed -n "s/^  \"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$2" | grep -vx null | head -n 1; }

# alone: takes the kernel lock on this host's backups; it is released when the process ends.
alone() {
  exec 7>>"$BACKUP_LOCK"
  flock -n 7 || { refuse Busy "another backup or drill is running on this host: $(head -c 200 "$BACKUP_LOCK")"; return 1; }
  printf 'pid %s, since %s\n' $$ "$(date -u +%FT%TZ)" >"$BACKUP_LOCK"
}

# swept: removes files of interrupted runs; a snapshot without a manifest is not a backup.
swept() {
  local one
  install -d -m 0700 "$FOLDER" || { refuse Unwritable "cannot create the folder $FOLDER"; return 1; }
  rm -rf "$FOLDER"/.*.part* "$FOLDER"/.drill.*
  for one in "$FOLDER"/*.db "$FOLDER"/*.tar; do
    [ ! -e "$one" ] || [ -e "${one%.*}.json" ] || rm -f "$one"
  done
}

# room FOLDER BYTES: checks for enough disk space, with a reserve: etcd may be on the same disk.
room() {
  local free spare=${SPARE-67108864}
  free=$(df --output=avail -B1 "$1" | tail -n 1) || return 1
  [ "$free" -ge $(($2 + spare)) ] ||
    refuse NoSpace "not enough disk space in $1: $((free >> 20)) MiB free, $((($2 + spare) >> 20)) MiB required"
}

# settled FILE: syncs the temporary file and renames it to its final name, safe against power loss.
settled() { chmod 0600 "$FOLDER/.$1.part" && sync "$FOLDER/.$1.part" && mv -fT "$FOLDER/.$1.part" "$FOLDER/$1"; }

# embedded_sum FILE: the SHA-256 (hex) that etcd appended to the snapshot.
embedded_sum() { tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n'; }

# snapshot_whole FILE: checks the SHA-256 in the last 32 bytes against the rest.
snapshot_whole() {
  local size
  size=$(stat -c %s "$1") || return 1
  [ "$size" -gt 0 ] || { refuse Empty "the snapshot is empty"; return 1; }
  # A database consists of pages of at least 512 bytes, followed by the hash (etcdutl detects it the same way).
  [ $((size % 512)) = 32 ] || { refuse Truncated "the snapshot of $size bytes is truncated: it has no hash at its end"; return 1; }
  [ "$(head -c -32 "$1" | sha256sum | cut -c1-64)" = "$(embedded_sum "$1")" ] ||
    refuse HashDiffers "the snapshot is damaged: its content does not match the hash at its end"
}

# pick_member: sets ETCDCTL_ENDPOINTS to a member that answers a linearizable read, so it is not behind; this host's own
# if possible. REVISION is a lower bound of its revision.
pick_member() {
  local one
  for one in ${ETCDCTL_ENDPOINTS-https://127.0.0.1:2379} $ENDPOINTS; do
    ETCDCTL_ENDPOINTS=$one
    REVISION=$(etcdctl get k8sops --command-timeout=5s -w fields 2>/dev/null | field Revision)
    [ -z "$REVISION" ] || return 0
    echo "the member at $one is dead or lags behind; trying another" >&2
  done
  unset ETCDCTL_ENDPOINTS
  refuse NoQuorum "no etcd member answers a linearizable read"
}

# mark_now NAME TEXT: writes a value of the marker ConfigMap through the API; fails without an API.
mark_now() {
  local what
  what=$(printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"k8sops-backup-marker","namespace":"kube-system"},"data":{"%s":"%s"}}' "$1" "$2")
  type -P kubectl >/dev/null && [ -f "$KUBECONFIG" ] &&
    kubectl apply --server-side --field-manager="k8sops-$1" --force-conflicts --request-timeout=10s -f - <<<"$what" >/dev/null
}

# finished STEM: tells the other control planes and `k8sops status`. Without an API they are not told, which is harmless.
finished() { mark_now 'done' "done/$1" || echo "the API does not answer: the other control planes are not told of this backup" >&2; }

# at_revision REVISION: COUNTS (JSON), KEYS, HASH and COMPACTED of the picked member at this revision. All counts are
# queried in one transaction: a process for each would take longer.
at_revision() {
  local kind said all
  mapfile -t all < <({
    echo
    for kind in $KINDS; do printf 'get "/registry/%s/" --prefix --limit=1 --keys-only --rev=%s\n' "${kind#*=}" "$1"; done
    printf 'get "" --prefix --limit=1 --keys-only --rev=%s\n\n\n' "$1"
  } | ETCD_PATIENCE=150 etcdctl txn --command-timeout=120s -w fields | sed -n 's/^"Count" : //p')
  [ "${#all[@]}" -gt 0 ] || return 1
  COUNTS='' KEYS=${all[-1]}
  for kind in $KINDS; do
    COUNTS+="${COUNTS:+, }\"${kind%%=*}\": ${all[0]-}"
    all=("${all[@]:1}")
  done
  said=$(ETCD_PATIENCE=150 etcdctl endpoint hashkv --rev="$1" --command-timeout=120s -w json) || return 1
  HASH=$(number hash <<<"$said") COMPACTED=$(number compact_revision <<<"$said")
  COMPACTED=${COMPACTED:-0}
  # The last count that is left is the sum.
  [ -n "$HASH" ] && [ "${#all[@]}" = 1 ]
}

# uncompacted REVISION: true unless etcd was compacted beyond it.
uncompacted() { etcdctl get k8sops --rev="$(($1 > 1 ? $1 : 1))" --command-timeout=10s >/dev/null 2>&1; }

# snapshot STEM: .STEM.db.part holds a snapshot, proven whole, and the variables say what is in it at REVISION.
# The hash of the keyspace depends on the compaction: if that changed meanwhile, everything is repeated.
snapshot() {
  local tries said
  for tries in 1 2 3; do
    rm -f "$FOLDER/.$1.db.part"*
    pick_member || return 1
    said=$(etcdctl endpoint status --command-timeout=5s -w fields)
    CLUSTER_ID=$(field ClusterID <<<"$said") MEMBER_ID=$(field MemberID <<<"$said") ETCD=$(field Version <<<"$said")
    room "$FOLDER" "$(field DBSize <<<"$said")" || return 1
    at_revision "$REVISION" || { refuse NoAnswer "etcd at $ETCDCTL_ENDPOINTS stopped answering"; return 1; }
    etcdctl snapshot save "$FOLDER/.$1.db.part" --command-timeout="${SAVE_SECONDS-3600}s" >/dev/null 2>"$FOLDER/.$1.log.part" || {
      refuse SaveFailed "the snapshot failed: $(grep -io 'error.*\|no space.*' "$FOLDER/.$1.log.part" | tail -n 1 | cut -c1-300)"
      return 1
    }
    rm -f "$FOLDER/.$1.log.part"
    snapshot_whole "$FOLDER/.$1.db.part" || return 1
    ! uncompacted "$COMPACTED" || return 0
    echo "etcd was compacted meanwhile: retrying the snapshot ($tries)" >&2
  done
  refuse Compacted "etcd was compacted during each of 3 snapshots"
}

# beside STEM: writes .STEM.tar.part, which a restore needs in addition to the snapshot.
beside() {
  local at files=() one
  at="$FOLDER/.$1.tar.part.d"
  mkdir -p "$at/k8sops" || return 1
  kubectl -n kube-system get configmap kubeadm-config -o yaml --request-timeout=10s >"$at/k8sops/kubeadm-config.yaml" 2>/dev/null ||
    rm -f "$at/k8sops/kubeadm-config.yaml"
  etcdctl member list -w simple >"$at/k8sops/members" || return 1
  printf 'etcd=%s\nkubernetes=%s\nk8sops=%s\n' "$ETCD" "$(kubernetes_version)" "$TOOL" >"$at/k8sops/versions"
  for one in /etc/kubernetes/pki /etc/kubernetes/k8sops/init.yaml "$(encryption_configuration)"; do
    [ -z "$one" ] || [ ! -e "$one" ] || files+=("${one#/}")
  done
  tar --create --file="$FOLDER/.$1.tar.part" -C "$at" k8sops ${files[0]:+-C / "${files[@]}"} || return 1
  rm -rf "$at"
}

api_server_flag() {
  sed -n "s/^ *- *[\"']\{0,1\}--$1=\([^\"']*\)[\"']\{0,1\} *\$/\1/p" /etc/kubernetes/manifests/kube-apiserver.yaml \
    /var/lib/k8sops/restore/*/manifests/kube-apiserver.yaml 2>/dev/null | head -n 1
}
encryption_configuration() { api_server_flag encryption-provider-config; }
kubernetes_version() {
  sed -n 's/^ *image:.*kube-apiserver:v\([0-9.]*\).*/\1/p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | head -n 1
}

# manifest STEM: prints the manifest, from the variables of snapshot and beside. One field per line, because `value` and
# `record_drill` parse lines.
manifest() {
  local ca uid
  ca=$(sha256sum /etc/kubernetes/pki/ca.crt 2>/dev/null | cut -c1-64)
  uid=$(kubectl get namespace kube-system -o 'go-template={{.metadata.uid}}' --request-timeout=5s 2>/dev/null)
  cat <<END
{
  "apiVersion": "k8sops/v1",
  "kind": "EtcdBackup",
  "name": $(json "$1"),
  "cluster": $(json "$CLUSTER"),
  "clusterId": $(json "$CLUSTER_ID"),
  "systemUid": $(json "$uid"),
  "caSha256": $(json "$ca"),
  "revision": $REVISION,
  "compactRevision": $COMPACTED,
  "hashKv": $HASH,
  "keys": $KEYS,
  "counts": {$COUNTS},
  "size": $(stat -c %s "$FOLDER/.$1.db.part"),
  "sha256": $(json "$(embedded_sum "$FOLDER/.$1.db.part")"),
  "tarSha256": $(json "$(sha256sum <"$FOLDER/.$1.tar.part" | cut -c1-64)"),
  "member": $(json "$MEMBER_ID"),
  "node": $(json "$MY_NODE"),
  "etcd": $(json "$ETCD"),
  "kubernetes": $(json "$(kubernetes_version)"),
  "tool": $(json "$TOOL"),
  "startedAt": $(json "$STARTED"),
  "endedAt": $(json "$(date -u +%FT%TZ)"),
  "seconds": $((SECONDS - SINCE)),
  "marker": $([ -z "$MARKED" ] && echo null || json "$MARKED"),
  "encryptedTo": null,
  "copies": [],
  "drill": null
}
END
}

# take STEM: takes the backup STEM in FOLDER. The caller holds the lock (alone).
take() {
  local stem=$1
  is_stem "$stem" && swept || return 1
  [ ! -e "$FOLDER/$stem.json" ] || { refuse Exists "the backup $stem exists already"; return 1; }
  etcd_tools || { refuse NoTools "cannot get the tools of this host's etcd"; return 1; }
  STARTED=$(date -u +%FT%TZ) SINCE=$SECONDS
  MARKED=$stem/$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  mark_now marker "$MARKED" || { echo "the API does not answer: no marker was written" >&2; MARKED=; }
  umask 077
  snapshot "$stem" && { beside "$stem" || refuse Unwritable "cannot archive the PKI"; } &&
    manifest "$stem" >"$FOLDER/.$stem.json.part" && settled "$stem.db" && settled "$stem.tar" &&
    settled "$stem.json" && sync "$FOLDER" || {
    local why=${FAILURE:-"Unwritable: cannot write the backup to $FOLDER"}
    swept
    refuse "${why%%: *}" "${why#*: }"
    return 1
  }
  echo "backup $stem: $(value size "$FOLDER/$stem.json") bytes, revision $(value revision "$FOLDER/$stem.json"), $(value seconds "$FOLDER/$stem.json") s"
}
