# control-plane-join: file:/etc/kubernetes/pki/etcd-external/client.crt
# case external-etcd, host cp2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/kubernetes/pki/etcd-external/client.crt
file_holds /etc/kubernetes/pki/etcd-external/client.crt f15424e481397dd54c332af1e6e866a74d2e9a6c9b29aefa8ee7a355fce1d57d 0600 root root secret
}

apply() {
printf %s "$SECRET_EXTERNAL_ETCD_CLIENT_CRT" | put_file /etc/kubernetes/pki/etcd-external/client.crt 0600 root:root
}
