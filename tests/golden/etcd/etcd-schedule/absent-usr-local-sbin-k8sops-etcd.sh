# etcd-schedule: absent:/usr/local/sbin/k8sops-etcd
# case schedule-none, host cp1
# risk delete; settle 0; deadline 300
check() {
[ ! -e /usr/local/sbin/k8sops-etcd ] && [ ! -L /usr/local/sbin/k8sops-etcd ] || drift 'exists'
}

apply() {
rm -f /usr/local/sbin/k8sops-etcd
}
