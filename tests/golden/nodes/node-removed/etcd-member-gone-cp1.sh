# node-removed: etcd-member-gone:cp1
# case reset-plane, host cp2
# risk delete; about cp1; settle 20; deadline 300
check() {
need_api
has=$(kubectl -n kube-system exec etcd-cp2 -- etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/peer.crt --key=/etc/kubernetes/pki/etcd/peer.key member list) || exit 12
! grep -qF -- ' https://10.0.0.11:2380,' <<<"$has" || drift "$(grep -F -- https://10.0.0.11:2380 <<<"$has")" 
}

apply() {
id=$(kubectl -n kube-system exec etcd-cp2 -- etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/peer.crt --key=/etc/kubernetes/pki/etcd/peer.key member list | grep -F -- ' https://10.0.0.11:2380,' | cut -d, -f1)
[ -n "$id" ]
kubectl -n kube-system exec etcd-cp2 -- etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/peer.crt --key=/etc/kubernetes/pki/etcd/peer.key member remove "$id"; kubectl -n kube-system exec etcd-cp2 -- etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/peer.crt --key=/etc/kubernetes/pki/etcd/peer.key del k8sops/nothing >/dev/null
}
