# container-runtime: file:/etc/containerd/certs.d/ghcr.io/hosts.toml
# case mirrors, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/certs.d/ghcr.io/hosts.toml
file_holds /etc/containerd/certs.d/ghcr.io/hosts.toml 2154ee37b331855c4272a082b4b1c4d8de863195878a8e9cd2b63a9e0eb4b6b2 0644 root root
}

apply() {
printf %s '# Written by k8sops: where images of ghcr.io come from.
server = "https://ghcr.io"

[host."https://harbor.example.com/v2/proxy"]
  capabilities = ["pull", "resolve"]
  override_path = true
' | put_file /etc/containerd/certs.d/ghcr.io/hosts.toml 0644 root:root
}
