# etcd-rollback-data: etcd:rollback
# case rollback, host cp1
# risk delete; settle 0; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

! goes_back 20261129T020202Z || drift
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

back_data 20261129T020202Z
}
