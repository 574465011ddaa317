# etcd-schedule: file:/etc/cron.d/k8sops-etcd
# case schedule-cron, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/cron.d/k8sops-etcd
file_holds /etc/cron.d/k8sops-etcd 3e1c262bfd8ebb43f52cfc400efdf0c2ec55334e29f3360ece06b163724a1d4d 0644 root root
}

apply() {
printf %s '# Kept by k8sops. What is said goes to the journal: journalctl -t k8sops-etcd-backup -t k8sops-etcd-drill
MAILTO=""
15 2 * * * root /usr/local/sbin/k8sops-etcd cron-backup
0 4 * * Sun root /usr/local/sbin/k8sops-etcd cron-drill
' | put_file /etc/cron.d/k8sops-etcd 0644 root:root
}
