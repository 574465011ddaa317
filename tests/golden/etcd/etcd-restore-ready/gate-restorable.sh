# etcd-restore-ready: gate:restorable
# case restore, host cp1
# risk file; settle 0
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

FOLDER=/var/backups/k8sops FAILURE= SPARE=201326592
MANIFEST=$FOLDER/demo-20261130T010203Z-cp1.json
restored_with 20261201T000000Z && exit 0
[ -f "$MANIFEST" ] || drift "the backup is not on this host yet"
dir=$(standing "$(data_dir)")
same_cluster "$MANIFEST" && same_version "$MANIFEST" &&
  room "$dir" "$(value size "$MANIFEST")" || { echo "$FAILURE"; exit 12; }
}
