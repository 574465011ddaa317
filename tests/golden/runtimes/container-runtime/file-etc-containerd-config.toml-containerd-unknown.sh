# container-runtime: file:/etc/containerd/config.toml
# case containerd-unknown, host w1
# risk file; settle 0; deadline 300
check() {
unknown 'its form depends on containerd'"'"'s version, which is not installed yet'
}

apply() {
false
}
