# container-runtime: mode:/etc/docker/daemon.json
# case 1.19, host w2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/docker/daemon.json
case ${MODE[/etc/docker/daemon.json]-} in
??[2367]?* | ???[2367]*) drift "mode ${MODE[/etc/docker/daemon.json]}: writable by group or others" ;;
esac
}

apply() {
chmod go-w /etc/docker/daemon.json
}
