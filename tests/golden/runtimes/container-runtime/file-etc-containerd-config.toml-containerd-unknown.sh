# container-runtime: file:/etc/containerd/config.toml
# case containerd-unknown, host w1
# risk file; settle 0; deadline 300
check() {
unknown 'depends on the version of containerd, which is not installed yet'
}

apply() {
false
}
