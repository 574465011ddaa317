# container-runtime: file:/etc/containerd/config.toml
# case 1.19, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/config.toml
case ${SUM[/etc/containerd/config.toml]-} in
4bf6ef18a2d988cc3d111789fdd84c9c2cade9d3a0c238a1cb5f819d91613739) ;;
''|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855) drift '--- absent
+++ wanted
@@ -0,0 +1,17 @@
+version = 2
+
+[plugins."io.containerd.grpc.v1.cri"]
+sandbox_image = "registry.k8s.io/pause:3.2"
+
+[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
+runtime_type = "io.containerd.runc.v2"
+
+[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
+SystemdCgroup = true
+
+[plugins."io.containerd.grpc.v1.cri".cni]
+bin_dir = "/opt/cni/bin"
+conf_dir = "/etc/cni/net.d"
+
+[plugins."io.containerd.grpc.v1.cri".registry]
+config_path = "/etc/containerd/certs.d"' ;;
*) drift 'has changed since it was read: run the command again' ;;
esac
}

apply() {
path=$(readlink -m /etc/containerd/config.toml) has='' mode=0644 owner=0:0
[ ! -s "$path" ] || read -r has _ < <(sha256sum <"$path")
packaged() {
  local sum
  read -r sum _ < <(md5sum <"$path")
  { dpkg-query -W -f '${Conffiles}\n' containerd containerd.io docker.io docker-ce 2>/dev/null || true; } |
    grep -xF -- ' /etc/containerd/config.toml '"$sum" >/dev/null
}
if [ -n "$has" ] && ! packaged; then
  [ "$has" = '' ] || { echo '/etc/containerd/config.toml has changed since it was read: run the command again'; exit 1; }
  [ -e /etc/containerd/config.toml.k8sops-before ] || put_file /etc/containerd/config.toml.k8sops-before 0600 root:root <"$path"
  read -r mode owner < <(stat -c '%04a %u:%g' "$path")
fi
base64 -d <<<"$SECRET__ETC_CONTAINERD_CONFIG_TOML" | put_file "$path" "$mode" "$owner" 
}
