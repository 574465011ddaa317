# kubelet: service:kubelet
# case joining, host cp1
# risk restart; settle 30; deadline 300
check() {
ask_unit kubelet.service
DRIFTED=; read -r loaded active enabled changed <<<"${UNIT[kubelet.service]-}"
case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac
case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac
[ "$active" = active ] || drift "is $active, wanted active"
[ "$changed" = no ] || drift 'its unit file has changed'
[ -z "$DRIFTED" ] || drift
}

apply() {
systemctl daemon-reload
systemctl enable kubelet.service
systemctl restart kubelet.service
}
