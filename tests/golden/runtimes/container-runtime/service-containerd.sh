# container-runtime: service:containerd
# case bare, host cp1
# risk restart; after file:/etc/containerd/config.toml; settle 30; deadline 300
check() {
ask_unit containerd.service
ask_file /etc/containerd/config.toml
DRIFTED=; read -r loaded active enabled changed <<<"${UNIT[containerd.service]-}"
case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac
case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac
[ "$active" = active ] || drift "is $active, wanted active"
[ "$changed" = no ] || drift 'its unit file has changed'
[ "${TIME[/etc/containerd/config.toml]-0}" -le "${STARTED[containerd.service]-0}" ] || drift 'started before /etc/containerd/config.toml was written'
[ -z "$DRIFTED" ] || drift
}

apply() {
systemctl daemon-reload
systemctl enable containerd.service
systemctl restart containerd.service
}
