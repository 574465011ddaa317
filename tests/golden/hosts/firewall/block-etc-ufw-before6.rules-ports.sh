# firewall: block:/etc/ufw/before6.rules:ports
# case firewall-ufw, host cp2
# risk file; settle 0; deadline 300
check() {
block_holds /etc/ufw/before6.rules ports '# k8sops ports begin
*filter
-A ufw6-before-input -p tcp --dport 6443 -m comment --comment k8sops-1d643fd3d2f5 -j ACCEPT
COMMIT
# k8sops ports end
'
}

apply() {
touch /etc/ufw/before6.rules
new=$(sed -e '/^# k8sops ports begin$/,/^# k8sops ports end$/d' /etc/ufw/before6.rules; printf '%s.' '# k8sops ports begin
*filter
-A ufw6-before-input -p tcp --dport 6443 -m comment --comment k8sops-1d643fd3d2f5 -j ACCEPT
COMMIT
# k8sops ports end
')
printf %s "${new%.}" >/etc/ufw/before6.rules
}
