# etcd-schedule: no-timer:k8sops-etcd-backup
# case schedule-cron, host cp1
# risk file; settle 0; deadline 300
check() {
has=$(ls -d /etc/systemd/system/k8sops-etcd-backup.timer /etc/systemd/system/k8sops-etcd-backup.service 2>/dev/null || true)
[ -z "$has" ] || drift "$has"
}

apply() {
systemctl disable --now k8sops-etcd-backup.timer || true
rm -f /etc/systemd/system/k8sops-etcd-backup.timer /etc/systemd/system/k8sops-etcd-backup.service
systemctl daemon-reload
}
