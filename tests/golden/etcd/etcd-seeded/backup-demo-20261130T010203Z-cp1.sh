# etcd-seeded: backup:demo-20261130T010203Z-cp1
# case new-hosts, host cp1
# risk file; settle 0; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

FOLDER=/var/backups/k8sops
BACKUP=demo-20261130T010203Z-cp1
[ -f "$FOLDER/$BACKUP.json" ] || drift "not on this host"
files_whole "$BACKUP" && snapshot_whole "$FOLDER/$BACKUP.db" || drift "$FAILURE" 
}

apply() {
echo '`k8sops etcd restore` copies it to every control plane'
exit 1
}
