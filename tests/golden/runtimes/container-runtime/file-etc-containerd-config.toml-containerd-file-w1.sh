# container-runtime: file:/etc/containerd/config.toml
# case containerd-file, host w1
# risk file; settle 0; deadline 300
check() {
drift '/etc/containerd/config.toml: line 1, column 11: invalid TOML: Invalid value'
}

apply() {
echo '/etc/containerd/config.toml: line 1, column 11: invalid TOML: Invalid value'
exit 1
}
