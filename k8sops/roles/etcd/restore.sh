# Restores a snapshot as the data of this host's etcd; stops and starts the control plane for it.
# Follows tools.sh and backup.sh. A restore has an id, which is recorded inside the data directory.
# shellcheck shell=bash disable=SC2015
RESTORE=${RESTORE-/var/lib/k8sops/restore}
MANIFESTS=${MANIFESTS-/etc/kubernetes/manifests}
PROC=${PROC-/proc}
PODS=${PODS-/var/lib/kubelet/pods}
API_PARTS="kube-apiserver kube-controller-manager kube-scheduler"

# data_dir: where this host's etcd keeps its data.
data_dir() {
  local dir
  dir=$(etcd_flag data-dir 2>/dev/null) || :
  printf '%s\n' "${dir:-/var/lib/etcd}"
}

# standing DIR: the directory, or the nearest above it that exists.
standing() {
  local dir=$1
  while [ ! -d "$dir" ]; do dir=${dir%/*} dir=${dir:-/}; done
  printf '%s\n' "$dir"
}

# restored_with ID: whether this host's etcd data comes from this restore.
restored_with() { [ "$(cat "$(data_dir)/member/k8sops-restore" 2>/dev/null)" = "$1" ]; }

# running: control plane processes, one name per line; of etcd only the one that uses the data of the cluster.
running() {
  local one name dir
  dir=$(data_dir)
  for one in "$PROC"/[0-9]*/comm; do
    name=$(cat "$one" 2>/dev/null) || continue
    case $name in
    # The kernel keeps 15 letters of a name.
    kube-apiserver | kube-controller | kube-scheduler) printf '%s\n' "$name" ;;
    etcd) ! tr '\0' '\n' 2>/dev/null <"${one%comm}cmdline" | grep -qxF -- "--data-dir=$dir" || printf 'etcd\n' ;;
    esac
  done
}

# held: control plane pods that kubelet has not removed yet, one name per line. A pod in CrashLoopBackOff has no process
# for a while, but kubelet restarts it if it has not noticed that the manifest is gone.
held() {
  local one uid
  for one in "$PODS"/*/containers/*; do
    uid=${one#"$PODS"/} uid=${uid%%/*}
    # Static pods have a hash as uid, pods of the API a UUID.
    [ "${uid#*-}" = "$uid" ] || continue
    case ${one##*/} in
    etcd | kube-apiserver | kube-controller-manager | kube-scheduler) printf '%s\n' "${one##*/}" ;;
    esac
  done
}

# stopped: no control plane process runs, and kubelet will not start any.
stopped() {
  local one
  for one in etcd $API_PARTS; do
    [ ! -e "$MANIFESTS/$one.yaml" ] || { echo "kubelet still has the manifest of $one"; return 1; }
  done
  one=$(running | tr '\n' ' ')
  [ -z "$one" ] || { echo "still running: $one"; return 1; }
  one=$(held | tr '\n' ' ')
  [ -z "$one" ] || { echo "kubelet has not removed the pods of: $one"; return 1; }
}

# moved FROM TO NAME…: moves these manifests; each is complete in one of the folders at any moment.
moved() {
  local from=$1 to=$2 one
  shift 2
  install -d -m 0700 "$to"
  for one; do
    [ -f "$from/$one.yaml" ] || continue
    put_file "$to/$one.yaml" 0600 root:root <"$from/$one.yaml"
    sync "$to"
    rm -f "$from/$one.yaml"
  done
}

# stop_all: makes kubelet stop etcd and its writers; the check waits until they have ended.
stop_all() {
  # A kubelet that does not run would never end them.
  systemctl is-active --quiet kubelet || systemctl start kubelet
  # shellcheck disable=SC2086
  moved "$MANIFESTS" "$RESTORE/stopped/manifests" $API_PARTS etcd
}

# started NAME…: the manifests of these components are back in place.
started() {
  local one
  for one; do [ -e "$MANIFESTS/$one.yaml" ] || { echo "kubelet has no manifest of $one"; return 1; }; done
}

# bump BY: options that bump revisions, if this etcdutl supports them (3.6; late patches of 3.5 and 3.4).
bump() {
  local help
  help=$(etcdutl snapshot restore --help 2>&1)
  case $help in *--bump-revision*) printf '%s\n' "--bump-revision=$1" --mark-compacted ;; esac
}

# restore_data ID STEM NAME PEER MEMBERS BUMP: restores the snapshot as this host's etcd data; the old data is kept.
# If it is interrupted, the old data is there under the old or the new name, and it can be repeated.
restore_data() {
  local dir new old bumps
  dir=$(data_dir) new="$dir/.k8sops-$1" old="$dir/member-before-$1"
  [ -z "$(running)" ] || { echo "etcd or an API server is running: $(running | tr '\n' ' ')"; return 1; }
  install -d -m 0700 "$dir"
  rm -rf "$dir"/.k8sops-*
  mapfile -t bumps < <(bump "$6")
  etcdutl snapshot restore "$FOLDER/$2.db" --data-dir="$new" --name="$3" --initial-advertise-peer-urls="$4" \
    --initial-cluster="$5" --initial-cluster-token="k8sops-$1" "${bumps[@]}" 2>&1
  printf '%s\n' "$1" >"$new/member/k8sops-restore"
  sync -f "$new"
  if [ -e "$dir/member" ]; then
    [ ! -e "$old" ] || old="$old-$(date -u +%Y%m%dT%H%M%SZ)"
    mv -T "$dir/member" "$old"
  fi
  mv -T "$new/member" "$dir/member"
  rmdir "$new"
  sync -f "$dir"
}

# back_data ID: puts back this host's etcd data from before this restore; the restored data is kept.
back_data() {
  local dir
  dir=$(data_dir)
  [ -z "$(running)" ] || { echo "etcd or an API server is running: $(running | tr '\n' ' ')"; return 1; }
  rm -rf "$dir"/.k8sops-*
  [ -d "$dir/member-before-$1" ] || { echo "there is no $dir/member-before-$1"; return 1; }
  if [ -e "$dir/member" ]; then mv -T "$dir/member" "$dir/member-restored-$1"; fi
  mv -T "$dir/member-before-$1" "$dir/member"
  sync -f "$dir"
}

# goes_back ID: whether this host has data from before this restore that is not put back yet.
goes_back() { [ -d "$(data_dir)/member-before-$1" ]; }
