# admin-kubeconfig: kubeconfig:root
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/kubernetes/admin.conf /root/.kube/config
own=/root/.kube/config
[ "${SUM[$KUBECONFIG]-}" != "${SUM[$own]-}" ] || [ -z "${SUM[$own]-}" ] || [ -L "$own" ] || {
  case ${MODE[$own]-} in '0600 root':*) exit 0 ;; *) drift "wrong mode or owner" ;; esac
}
# include kubeconfig.sh without comments
foreign_kubeconfig "$own" && exit 0
[ -f "$KUBECONFIG" ] || drift
[ "$own" -ef "$KUBECONFIG" ] || drift "differs from admin.conf" 
}

apply() {
# include kubeconfig.sh without comments
! foreign_kubeconfig /root/.kube/config || exit 1
owner=root
group=$(id -gn -- "$owner")
[ -d /root/.kube ] || install -d -m 0700 -o "$owner" -g "$group" /root/.kube
put_file /root/.kube/config 0600 "$owner:$group" <"$KUBECONFIG" 
}
