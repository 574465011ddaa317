# etcd-restore-data: etcd:restored
# case restore, host cp1
# risk delete; settle 0; deadline 1800
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

restored_with 20261201T000000Z || drift
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

FOLDER=/var/backups/k8sops
restore_data 20261201T000000Z demo-20261130T010203Z-cp1 cp1 https://10.0.0.11:2380 cp1=https://10.0.0.11:2380,cp2=https://10.0.0.12:2380,cp3=https://10.0.0.13:2380 1796083200000
}
