# container-runtime: file:/etc/docker/daemon.json
# case docker-deb, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/docker/daemon.json
case ${SUM[/etc/docker/daemon.json]-} in
58f6849cb2ac3b8e8463404b73afead6a0d6e8eae2d7f31bf8f02e84d23ee823) ;;
6cfeb5b108b5a06662ddc85bf0b4acc19c90822bd8b6f110626593f815b82781) drift '--- now
+++ wanted
@@ -1,3 +1,6 @@
 {
-  "log-driver": "journald"
+  "log-driver": "journald",
+  "exec-opts": [
+    "native.cgroupdriver=systemd"
+  ]
 }' ;;
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
  [ "$has" = 6cfeb5b108b5a06662ddc85bf0b4acc19c90822bd8b6f110626593f815b82781 ] || { echo '/etc/docker/daemon.json has changed since it was read: run the command again'; exit 1; }
  [ -e /etc/docker/daemon.json.k8sops-before ] || put_file /etc/docker/daemon.json.k8sops-before 0600 root:root <"$path"
  read -r mode owner < <(stat -c '%04a %u:%g' "$path")
fi
base64 -d <<<"$SECRET__ETC_DOCKER_DAEMON_JSON" | put_file "$path" "$mode" "$owner" 
}
