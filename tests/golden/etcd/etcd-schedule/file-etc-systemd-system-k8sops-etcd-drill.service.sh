# etcd-schedule: file:/etc/systemd/system/k8sops-etcd-drill.service
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/k8sops-etcd-drill.service
file_holds /etc/systemd/system/k8sops-etcd-drill.service d5d55f44135de8bb17c6158c8945f50ea56dd04c3b73e6fe3b34c81d68dfa445 0644 root root
}

apply() {
printf %s '# Kept by k8sops.
[Unit]
Description=The newest backup of etcd on this control plane, restored beside the cluster and compared

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/k8sops-etcd drill
ExecStopPost=/usr/local/sbin/k8sops-etcd ended-drill
TimeoutStartSec=12h
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
' | put_file /etc/systemd/system/k8sops-etcd-drill.service 0644 root:root
}
