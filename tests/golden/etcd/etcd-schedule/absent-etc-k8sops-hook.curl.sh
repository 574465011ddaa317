# etcd-schedule: absent:/etc/k8sops/hook.curl
# case schedule-cron, host cp1
# risk delete; settle 0; deadline 300
check() {
[ ! -e /etc/k8sops/hook.curl ] && [ ! -L /etc/k8sops/hook.curl ] || drift 'exists'
}

apply() {
rm -f /etc/k8sops/hook.curl
}
