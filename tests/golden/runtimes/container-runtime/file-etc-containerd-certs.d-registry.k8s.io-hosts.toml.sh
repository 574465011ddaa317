# container-runtime: file:/etc/containerd/certs.d/registry.k8s.io/hosts.toml
# case mirrors, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/certs.d/registry.k8s.io/hosts.toml
file_holds /etc/containerd/certs.d/registry.k8s.io/hosts.toml 7d3f92b21378e55beb80ab88cccae0792be6bdc33a6f444a1b558c255a242a3a 0644 root root
}

apply() {
printf %s '# Written by k8sops: where images of registry.k8s.io come from.
server = "https://registry.k8s.io"

[host."http://mirror.example.com:5000"]
  capabilities = ["pull", "resolve"]
' | put_file /etc/containerd/certs.d/registry.k8s.io/hosts.toml 0644 root:root
}
