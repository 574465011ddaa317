# container-runtime: service:docker
# case docker, host w1
# risk restart; in use yes; after file:/etc/docker/daemon.json file:/etc/systemd/system/docker.service.d/k8sops.conf; settle 30; deadline 300
check() {
ask_unit docker.service
ask_file /etc/docker/daemon.json /etc/systemd/system/docker.service.d/k8sops.conf
DRIFTED=; read -r loaded active enabled changed <<<"${UNIT[docker.service]-}"
case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac
case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac
[ "$active" = active ] || drift "is $active, wanted active"
[ "$changed" = no ] || drift 'its unit file has changed'
[ "${TIME[/etc/docker/daemon.json]-0}" -le "${STARTED[docker.service]-0}" ] || drift 'started before /etc/docker/daemon.json was written'
[ "${TIME[/etc/systemd/system/docker.service.d/k8sops.conf]-0}" -le "${STARTED[docker.service]-0}" ] || drift 'started before /etc/systemd/system/docker.service.d/k8sops.conf was written'
[ -z "$DRIFTED" ] || drift
}

apply() {
systemctl daemon-reload
systemctl enable docker.service
systemctl restart docker.service
}
