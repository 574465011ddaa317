# container-runtime: file:/etc/docker/daemon.json
# case docker-mirrors, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/docker/daemon.json
case ${SUM[/etc/docker/daemon.json]-} in
2815f942518794e25e43271355b7de5ec4977950263446bad53abf64f7ff882a) ;;
''|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855) drift '--- absent
+++ wanted
@@ -0,0 +1,15 @@
+{
+  "exec-opts": [
+    "native.cgroupdriver=systemd"
+  ],
+  "log-driver": "json-file",
+  "log-opts": {
+    "max-size": "100m",
+    "max-file": "3"
+  },
+  "storage-driver": "overlay2",
+  "registry-mirrors": [],
+  "insecure-registries": [
+    "mirror.example.com:5000"
+  ]
+}' ;;
*) drift 'has changed since it was read: run the command again' ;;
esac
}

apply() {
path=$(readlink -m /etc/docker/daemon.json) has='' mode=0644 owner=0:0
[ ! -s "$path" ] || read -r has _ < <(sha256sum <"$path")
packaged() {
  local sum
  read -r sum _ < <(md5sum <"$path")
  { dpkg-query -W -f '${Conffiles}\n' containerd containerd.io docker.io docker-ce 2>/dev/null || true; } |
    grep -xF -- ' /etc/docker/daemon.json '"$sum" >/dev/null
}
if [ -n "$has" ] && ! packaged; then
  [ "$has" = '' ] || { echo '/etc/docker/daemon.json has changed since it was read: run the command again'; exit 1; }
  [ -e /etc/docker/daemon.json.k8sops-before ] || put_file /etc/docker/daemon.json.k8sops-before 0600 root:root <"$path"
  read -r mode owner < <(stat -c '%04a %u:%g' "$path")
fi
base64 -d <<<"$SECRET__ETC_DOCKER_DAEMON_JSON" | put_file "$path" "$mode" "$owner" 
}
