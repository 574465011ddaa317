# etcd-restore-ready: restore:under-way
# case restore-rewinds, host cp1
# risk file; settle 0; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

[ "$(cat /var/lib/k8sops/restore/current 2>/dev/null; echo .)" = '20261201T000000Z 1796083200000 demo-20261130T010203Z-cp1 cp1=https://10.0.0.11:2380
.' ] && exit 0
restored_with 20261201T000000Z || drift
}

apply() {
printf %s '20261201T000000Z 1796083200000 demo-20261130T010203Z-cp1 cp1=https://10.0.0.11:2380
' | put_file /var/lib/k8sops/restore/current 0600 root:root
}
