# firewall: block:/etc/ufw/before.rules:ports
# case firewall-ufw, host cp2
# risk file; settle 0; deadline 300
check() {
block_holds /etc/ufw/before.rules ports '# k8sops ports begin
*filter
-A ufw-before-input -s 10.0.0.11,10.0.0.13,10.0.0.21,10.244.0.0/16 -p tcp --dport 10250 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -p tcp --dport 6443 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -s 10.0.0.11,10.0.0.13 -p tcp --dport 2379:2380 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -s 10.0.0.11,10.0.0.13,10.0.0.21 -p udp --dport 8472 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-forward -s 10.244.0.0/16 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-forward -d 10.244.0.0/16 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
COMMIT
# k8sops ports end
'
}

apply() {
touch /etc/ufw/before.rules
new=$(sed -e '/^# k8sops ports begin$/,/^# k8sops ports end$/d' /etc/ufw/before.rules; printf '%s.' '# k8sops ports begin
*filter
-A ufw-before-input -s 10.0.0.11,10.0.0.13,10.0.0.21,10.244.0.0/16 -p tcp --dport 10250 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -p tcp --dport 6443 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -s 10.0.0.11,10.0.0.13 -p tcp --dport 2379:2380 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-input -s 10.0.0.11,10.0.0.13,10.0.0.21 -p udp --dport 8472 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-forward -s 10.244.0.0/16 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
-A ufw-before-forward -d 10.244.0.0/16 -m comment --comment k8sops-5f452b11e43f -j ACCEPT
COMMIT
# k8sops ports end
')
printf %s "${new%.}" >/etc/ufw/before.rules
}
