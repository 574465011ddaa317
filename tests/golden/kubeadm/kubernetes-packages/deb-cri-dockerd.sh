# kubernetes-packages: deb:cri-dockerd
# case docker-deb, host cp1
# risk restart; settle 0; deadline 600
check() {
ask_package cri-dockerd
read -r _ _ has _ <<<"${PACKAGE[cri-dockerd]-}"
[ "$has" = installed ] || drift "${has:-absent}"
has_line /etc/k8sops/cri-dockerd.sha256 89abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567 || drift "installed from another file" 
}

apply() {
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file http://mirror.example.com/cri-dockerd.deb "$dir/package.deb" SHA256:89abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567
chmod 0755 "$dir"
apt_install downgrades:cri-dockerd '' "$dir/package.deb"
echo 89abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567 | put_file /etc/k8sops/cri-dockerd.sha256 0644 root:root
}
