# container-runtime: mode:/etc/containerd/config.toml
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/config.toml
case ${MODE[/etc/containerd/config.toml]-} in
??[2367]?* | ???[2367]*) drift "mode ${MODE[/etc/containerd/config.toml]}: writable by group or others" ;;
esac
}

apply() {
chmod go-w /etc/containerd/config.toml
}
