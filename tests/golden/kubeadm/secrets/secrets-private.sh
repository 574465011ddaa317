# secrets: secrets:private
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
[ -d /etc/kubernetes ] || exit 0
open_secrets() {
  local path paths=()
  for path in /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf \
    /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/pki /var/lib/kubelet/pki; do
    [ ! -e "$path" ] || paths+=("$path")
  done
  [ ${#paths[@]} = 0 ] || find -H "${paths[@]}" -type f \( -name '*.conf' -o -name '*.yaml' -o -name '*.key' \
    -o -path '/var/lib/kubelet/pki/*.pem' \) \( -perm /077 -o ! -user root \) -printf "$1"
}
has=$(open_secrets '%p is %m %u:%g, wanted root only\n')
[ -z "$has" ] || drift "$has" 
}

apply() {
open_secrets() {
  local path paths=()
  for path in /etc/kubernetes/{admin,super-admin,kubelet,bootstrap-kubelet,controller-manager,scheduler}.conf \
    /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/pki /var/lib/kubelet/pki; do
    [ ! -e "$path" ] || paths+=("$path")
  done
  [ ${#paths[@]} = 0 ] || find -H "${paths[@]}" -type f \( -name '*.conf' -o -name '*.yaml' -o -name '*.key' \
    -o -path '/var/lib/kubelet/pki/*.pem' \) \( -perm /077 -o ! -user root \) -printf "$1"
}
open_secrets '%p\0' | while IFS= read -r -d '' path; do
  chown root:root "$path"
  chmod go-rwx "$path"
done
}
