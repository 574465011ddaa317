# container-runtime: file:/etc/containerd/config.toml
# case containerd-file, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/containerd/config.toml
case ${SUM[/etc/containerd/config.toml]-} in
510da1b46f36abfe010a6fa72cd997efab6e66ac7d8b3777ca3e07c2c23df07e) ;;
56e0188225d2c273d1fbf2aff7ac6497927dd1dcc6b98b2441b0e576e9156a95) drift '--- now
+++ wanted
@@ -1,7 +1,20 @@
 version = 2
+
+[plugins."io.containerd.grpc.v1.cri"]
+sandbox_image = "registry.k8s.io/pause:3.10.2"
 
 [plugins."io.containerd.grpc.v1.cri".registry]
 config_path = "/etc/containerd/certs.d"
 
 [plugins."io.containerd.grpc.v1.cri".registry.configs."registry.example.com".auth]
 password = "***"
+
+[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
+runtime_type = "io.containerd.runc.v2"
+
+[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
+SystemdCgroup = true
+
+[plugins."io.containerd.grpc.v1.cri".cni]
+bin_dir = "/opt/cni/bin"
+conf_dir = "/etc/cni/net.d"' ;;
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
  [ "$has" = 56e0188225d2c273d1fbf2aff7ac6497927dd1dcc6b98b2441b0e576e9156a95 ] || { echo '/etc/containerd/config.toml has changed since it was read: run the command again'; exit 1; }
  [ -e /etc/containerd/config.toml.k8sops-before ] || put_file /etc/containerd/config.toml.k8sops-before 0600 root:root <"$path"
  read -r mode owner < <(stat -c '%04a %u:%g' "$path")
fi
base64 -d <<<"$SECRET__ETC_CONTAINERD_CONFIG_TOML" | put_file "$path" "$mode" "$owner" 
}
