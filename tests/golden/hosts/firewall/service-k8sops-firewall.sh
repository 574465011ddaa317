# firewall: service:k8sops-firewall
# case ipv6, host cp1
# risk restart; after file:/etc/k8sops/firewall.nft file:/etc/systemd/system/k8sops-firewall.service; settle 30; deadline 300
check() {
ask_unit k8sops-firewall.service
ask_file /etc/k8sops/firewall.nft /etc/systemd/system/k8sops-firewall.service
DRIFTED=; read -r loaded active enabled changed <<<"${UNIT[k8sops-firewall.service]-}"
case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac
case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac
[ "$active" = active ] || drift "is $active, wanted active"
[ "$changed" = no ] || drift 'its unit file has changed'
[ "${TIME[/etc/k8sops/firewall.nft]-0}" -le "${STARTED[k8sops-firewall.service]-0}" ] || drift 'started before /etc/k8sops/firewall.nft was written'
[ "${TIME[/etc/systemd/system/k8sops-firewall.service]-0}" -le "${STARTED[k8sops-firewall.service]-0}" ] || drift 'started before /etc/systemd/system/k8sops-firewall.service was written'
[ -z "$DRIFTED" ] || drift
}

apply() {
systemctl daemon-reload
systemctl enable k8sops-firewall.service
systemctl restart k8sops-firewall.service
}
