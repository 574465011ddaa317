# etcd-schedule: file:/etc/systemd/system/k8sops-etcd-backup.timer
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/k8sops-etcd-backup.timer
file_holds /etc/systemd/system/k8sops-etcd-backup.timer 4debe5fe3fb2fa09cf923b5d8341c362e7f113017e59bcc79121ed7d25e23949 0644 root root
}

apply() {
printf %s '# Kept by k8sops.
[Unit]
Description=When k8sops-etcd-backup runs

[Timer]
OnCalendar=*-*-* 02:15:00
RandomizedDelaySec=1800
AccuracySec=1s
Persistent=true
Unit=k8sops-etcd-backup.service

[Install]
WantedBy=timers.target
' | put_file /etc/systemd/system/k8sops-etcd-backup.timer 0644 root:root
}
