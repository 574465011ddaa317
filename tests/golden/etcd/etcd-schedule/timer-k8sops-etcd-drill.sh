# etcd-schedule: timer:k8sops-etcd-drill
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
systemctl cat k8sops-etcd-drill.timer >/dev/null 2>&1 || drift 'not installed'
[ "$(systemctl is-enabled k8sops-etcd-drill.timer 2>/dev/null)" = enabled ] || drift 'not enabled'
[ "$(systemctl is-active k8sops-etcd-drill.timer)" = active ] || drift 'not active'
[ "$(systemctl show -P NeedDaemonReload k8sops-etcd-drill.timer)" = no ] || drift 'its unit file has changed'
}

apply() {
systemctl daemon-reload
systemctl enable k8sops-etcd-drill.timer
systemctl restart k8sops-etcd-drill.timer
}
