# container-runtime: service:cri-docker
# case 1.24, host w2
# risk restart; after file:/etc/systemd/system/cri-docker.service.d/k8sops.conf; settle 30; deadline 300
check() {
ask_unit cri-docker.service
ask_file /etc/systemd/system/cri-docker.service.d/k8sops.conf
DRIFTED=; read -r loaded active enabled changed <<<"${UNIT[cri-docker.service]-}"
case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac
case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac
[ "$active" = active ] || drift "is $active, wanted active"
[ "$changed" = no ] || drift 'its unit file has changed'
[ "${TIME[/etc/systemd/system/cri-docker.service.d/k8sops.conf]-0}" -le "${STARTED[cri-docker.service]-0}" ] || drift 'started before /etc/systemd/system/cri-docker.service.d/k8sops.conf was written'
[ -z "$DRIFTED" ] || drift
}

apply() {
systemctl daemon-reload
systemctl enable cri-docker.service
systemctl restart cri-docker.service
}
