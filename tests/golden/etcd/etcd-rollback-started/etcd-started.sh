# etcd-rollback-started: etcd:started
# case rollback, host cp1
# risk restart; settle 240; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

! goes_back 20261129T020202Z || drift
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
