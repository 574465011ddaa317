# firewall: block:/etc/ufw/before6.rules:ports
# case firewall-ufw, host w1
# risk file; settle 0; deadline 300
check() {
block_holds /etc/ufw/before6.rules ports '# k8sops ports begin
*filter
COMMIT
# k8sops ports end
'
}

apply() {
touch /etc/ufw/before6.rules
new=$(sed -e '/^# k8sops ports begin$/,/^# k8sops ports end$/d' /etc/ufw/before6.rules; printf '%s.' '# k8sops ports begin
*filter
COMMIT
# k8sops ports end
')
printf %s "${new%.}" >/etc/ufw/before6.rules
}
