# etcd-kubelets-restarted: kubelet:restarted
# case restore-rewinds, host cp1
# risk restart; settle 30; deadline 300
check() {
has=$(systemctl show -P ExecMainStartTimestamp kubelet.service)
[ -n "$has" ] || exit 0
[ "$(date -d "$has" +%s)" -gt "$(date -d '2026-12-01 00:00:00 UTC' +%s)" ] || drift "running since $has" 
}

apply() {
systemctl restart kubelet
}
