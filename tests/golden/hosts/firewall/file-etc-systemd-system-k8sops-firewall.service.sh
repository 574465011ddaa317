# firewall: file:/etc/systemd/system/k8sops-firewall.service
# case ipv6, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/k8sops-firewall.service
file_holds /etc/systemd/system/k8sops-firewall.service 85ccde9bca09b9f2a97ce54d7a7e93cacf384653775d86e408792a04bfa34112 0644 root root
}

apply() {
printf %s '# Written by k8sops.
[Unit]
Description=Firewall of a Kubernetes host
DefaultDependencies=no
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/k8sops/firewall.nft
ExecStop=/usr/sbin/nft delete table inet k8sops

[Install]
WantedBy=sysinit.target
' | put_file /etc/systemd/system/k8sops-firewall.service 0644 root:root
}
