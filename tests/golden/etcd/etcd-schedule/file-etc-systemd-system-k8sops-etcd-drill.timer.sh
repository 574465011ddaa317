# etcd-schedule: file:/etc/systemd/system/k8sops-etcd-drill.timer
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/k8sops-etcd-drill.timer
file_holds /etc/systemd/system/k8sops-etcd-drill.timer 35b488b9a89e807d59b18fa5e932835c468ad421c8eb8bf3c2a7925aa78e3982 0644 root root
}

apply() {
printf %s '# Kept by k8sops.
[Unit]
Description=When k8sops-etcd-drill runs

[Timer]
OnCalendar=Sun *-*-* 04:00:00
RandomizedDelaySec=1800
AccuracySec=1s
Persistent=true
Unit=k8sops-etcd-drill.service

[Install]
WantedBy=timers.target
' | put_file /etc/systemd/system/k8sops-etcd-drill.timer 0644 root:root
}
