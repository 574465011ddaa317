# etcd-restore-stopped: control-plane:stopped
# case restore, host cp1
# risk restart; settle 240; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

restored_with 20261201T000000Z && exit 0
has=$(stopped) || drift "$has" 
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

stop_all
}
