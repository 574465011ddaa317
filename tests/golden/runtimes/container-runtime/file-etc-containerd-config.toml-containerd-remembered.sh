# container-runtime: file:/etc/containerd/config.toml
# case containerd-remembered, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/config.toml
[ "${SUM[/etc/containerd/config.toml]-}" = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef ] || drift 'has changed since it was read: run the command again'
}

apply() {
echo '/etc/containerd/config.toml has changed since it was read: run the command again'
exit 1
}
