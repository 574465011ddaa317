# etcd-restore-started: etcd:started
# case restore, host cp1
# risk restart; settle 240; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

restored_with 20261201T000000Z || drift
has=$(started etcd) || drift "$has"
etcd_healthy || drift "etcd does not answer yet" 
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

moved "$RESTORE/stopped/manifests" "$MANIFESTS" etcd
}
