# The etcd of this host, and tools of its exact version. Follows shell.sh; restores and backups follow this file.
# It queries etcd directly, never the API, which may be down.
# shellcheck shell=bash disable=SC2015
ETCD_PKI=${ETCD_PKI-/etc/kubernetes/pki/etcd}
ETCD_TOOLS=${ETCD_TOOLS-/var/lib/k8sops/etcd}
# Folder with etcd, etcdctl and, since 3.5, etcdutl. Empty: etcd_tools finds it.
ETCD_BIN=${ETCD_BIN-}

# etcd_manifest: the present path of etcd's manifest, which a restore moves away temporarily.
etcd_manifest() {
  local one
  for one in /etc/kubernetes/manifests/etcd.yaml /var/lib/k8sops/restore/*/manifests/etcd.yaml; do
    [ ! -f "$one" ] || { printf '%s\n' "$one"; return 0; }
  done
  echo "no etcd on this host: there is no /etc/kubernetes/manifests/etcd.yaml" >&2
  return 1
}

# etcd_flag NAME: the value of --NAME in the manifest.
etcd_flag() {
  local from
  from=$(etcd_manifest) || return 1
  sed -n "s/^ *- *[\"']\{0,1\}--$1=\(.*[^\"']\)[\"']\{0,1\} *\$/\1/p" "$from" | head -n 1
}

# etcd_image: the image in the manifest; ETCD_IMAGE on a host without a manifest.
etcd_image() {
  local from
  [ -z "${ETCD_IMAGE-}" ] || { printf '%s\n' "$ETCD_IMAGE"; return 0; }
  from=$(etcd_manifest) || return 1
  sed -n "s/^ *image: *[\"']\{0,1\}\([^\"' ]*\).*/\1/p" "$from" | head -n 1
}

# image_files IMAGE FOLDER NAME…: copies programs out of a local image without running it.
image_files() {
  local image=$1 into=$2 at id one
  shift 2
  if type -P ctr >/dev/null && [ -n "$(ctr -n k8s.io images ls -q "name==$image" 2>/dev/null)" ]; then
    at=$(mktemp -d /run/k8sops-image.XXXXXX) || return 1
    ctr -n k8s.io images mount "$image" "$at" >/dev/null &&
      for one; do cp "$at/usr/local/bin/$one" "$into/$one" 2>/dev/null || :; done
    ctr -n k8s.io images unmount --rm "$at" >/dev/null
    rmdir "$at"
  elif type -P docker >/dev/null && docker image inspect "$image" >/dev/null 2>&1; then
    id=$(docker create "$image" none) || return 1
    for one; do docker cp "$id:/usr/local/bin/$one" "$into/$one" >/dev/null 2>&1 || :; done
    docker rm "$id" >/dev/null
  else
    echo "the image $image is not on this host; \`kubeadm config images pull\` pulls it" >&2
    return 1
  fi
}

# etcd_tools: sets ETCD_BIN to the tools of this host's etcd, copied out of its image once, atomically.
etcd_tools() {
  local image dir new
  [ -z "$ETCD_BIN" ] || return 0
  image=$(etcd_image) && [ -n "$image" ] || return 1
  dir=$ETCD_TOOLS/$(basename "$image" | tr -c 'A-Za-z0-9._\n-' '_')
  if [ ! -x "$dir/etcdctl" ] || [ ! -x "$dir/etcd" ]; then
    mkdir -p "$ETCD_TOOLS" && find "$ETCD_TOOLS" -maxdepth 1 -name '.new.*' -mmin +60 -exec rm -rf {} +
    new=$(mktemp -d "$ETCD_TOOLS/.new.XXXXXX") || return 1
    if image_files "$image" "$new" etcd etcdctl etcdutl; then
      chmod 0755 "$new" "$new"/* && sync "$new"/* && mv -T "$new" "$dir" 2>/dev/null
    fi
    rm -rf "$new"
    [ -x "$dir/etcdctl" ] && [ -x "$dir/etcd" ] || { echo "no etcd tools could be copied out of $image" >&2; return 1; }
  fi
  ETCD_BIN=$dir
}

# etcd_version: such as 3.6.8, from the program itself.
etcd_version() { "$ETCD_BIN/etcd" --version | sed -n 's/^etcd Version: *//p'; }

# etcdctl ARGS: this host's member, or the one in ETCDCTL_ENDPOINTS. Without ETCD_PKI it speaks plain HTTP.
etcdctl() {
  etcd_tools || return 1
  local tls=()
  [ -z "$ETCD_PKI" ] ||
    tls=(--cacert="$ETCD_PKI/ca.crt" --cert="$ETCD_PKI/server.crt" --key="$ETCD_PKI/server.key")
  # Not all of its words end with --command-timeout where nobody answers. It dies with the process group of who asks,
  # and does not hold the lock of backups (backup.sh: alone).
  ETCDCTL_ENDPOINTS="${ETCDCTL_ENDPOINTS-https://127.0.0.1:2379}" \
    timeout --foreground -k 5 "${ETCD_PATIENCE-7200}" "$ETCD_BIN/etcdctl" "${tls[@]}" "$@" 7>&-
}

# etcdutl ARGS: work on files. Before 3.5 its words were etcdctl's.
etcdutl() {
  etcd_tools || return 1
  if [ -x "$ETCD_BIN/etcdutl" ]; then "$ETCD_BIN/etcdutl" "$@"; else "$ETCD_BIN/etcdctl" "$@"; fi
}

# field NAME: the value of a line `"Name" : value` of what etcdctl prints with -w fields (stdin), without quotes.
field() { sed -n "s/^\"$1\" *: *\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" | head -n 1; }

# number NAME: the first number behind "NAME": in JSON (stdin); nothing where it is missing.
number() { grep -o "\"$1\":-\{0,1\}[0-9]*" | head -n 1 | cut -d: -f2; }

# etcd_members: one line a member: id (hex), started|unstarted, name, peer URL, client URL, learner (true|false). Fails
# where they cannot be asked, whether pipefail is set or not: none is never taken for gone then.
etcd_members() {
  local said
  said=$(etcdctl member list -w simple) && printf '%s\n' "${said//, /$'\t'}"
}

# etcd_status FIELD: of this host's member, e.g. Revision, RaftTerm, Leader, MemberID, ClusterID, DBSize.
etcd_status() { etcdctl endpoint status --command-timeout=5s -w fields | field "$1"; }

# etcd_leads: this host's member is the leader.
etcd_leads() {
  local said
  said=$(etcdctl endpoint status --command-timeout=5s -w fields) || return 2
  [ "$(field Leader <<<"$said")" = "$(field MemberID <<<"$said")" ]
}

# etcd_healthy: this host's member answers a read that the quorum has confirmed, so that it does not lag behind.
etcd_healthy() { etcdctl get k8sops --command-timeout=5s >/dev/null 2>&1; }
