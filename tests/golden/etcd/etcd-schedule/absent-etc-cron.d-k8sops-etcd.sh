# etcd-schedule: absent:/etc/cron.d/k8sops-etcd
# case schedule, host cp1
# risk delete; settle 0; deadline 300
check() {
[ ! -e /etc/cron.d/k8sops-etcd ] && [ ! -L /etc/cron.d/k8sops-etcd ] || drift 'exists'
}

apply() {
rm -f /etc/cron.d/k8sops-etcd
}
