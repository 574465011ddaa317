# etcd-schedule: file:/etc/systemd/system/k8sops-etcd-backup.service
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/k8sops-etcd-backup.service
file_holds /etc/systemd/system/k8sops-etcd-backup.service 9437ebb4fdf41ce92b12f604ccb0fb8df02ec494bf8337776f0344bc476223f6 0644 root root
}

apply() {
printf %s '# Kept by k8sops.
[Unit]
Description=Backup of etcd, when it is the turn of this control plane
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/k8sops-etcd backup
ExecStopPost=/usr/local/sbin/k8sops-etcd ended-backup
TimeoutStartSec=12h
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
' | put_file /etc/systemd/system/k8sops-etcd-backup.service 0644 root:root
}
