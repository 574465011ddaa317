# etcd-schedule: no-timer:k8sops-etcd-drill
# case schedule-cron, host cp1
# risk file; settle 0; deadline 300
check() {
has=$(ls -d /etc/systemd/system/k8sops-etcd-drill.timer /etc/systemd/system/k8sops-etcd-drill.service 2>/dev/null || true)
[ -z "$has" ] || drift "$has"
}

apply() {
systemctl disable --now k8sops-etcd-drill.timer || true
rm -f /etc/systemd/system/k8sops-etcd-drill.timer /etc/systemd/system/k8sops-etcd-drill.service
systemctl daemon-reload
}
