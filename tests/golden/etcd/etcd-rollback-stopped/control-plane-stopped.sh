# etcd-rollback-stopped: control-plane:stopped
# case rollback, host cp1
# risk restart; settle 240; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

! goes_back 20261129T020202Z && exit 0
has=$(stopped) || drift "$has" 
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

stop_all
}
