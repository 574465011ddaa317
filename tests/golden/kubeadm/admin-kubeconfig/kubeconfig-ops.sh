# admin-kubeconfig: kubeconfig:ops
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/kubernetes/admin.conf /home/ops/.kube/config
own=/home/ops/.kube/config
[ "${SUM[$KUBECONFIG]-}" != "${SUM[$own]-}" ] || [ -z "${SUM[$own]-}" ] || [ -L "$own" ] || {
  case ${MODE[$own]-} in '0600 ops':*) exit 0 ;; *) drift "wrong mode or owner" ;; esac
}
# include kubeconfig.sh without comments
foreign_kubeconfig "$own" && exit 0
[ -f "$KUBECONFIG" ] || drift
[ "$own" -ef "$KUBECONFIG" ] || drift "differs from admin.conf" 
}

apply() {
# include kubeconfig.sh without comments
! foreign_kubeconfig /home/ops/.kube/config || exit 1
owner=ops
group=$(id -gn -- "$owner")
[ -d /home/ops/.kube ] || install -d -m 0700 -o "$owner" -g "$group" /home/ops/.kube
put_file /home/ops/.kube/config 0600 "$owner:$group" <"$KUBECONFIG" 
}
