# kubeadm-init: file:/etc/kubernetes/pki/etcd-external/ca.crt
# case external-etcd, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/kubernetes/pki/etcd-external/ca.crt
file_holds /etc/kubernetes/pki/etcd-external/ca.crt 83e84c8615315529aa09cce986a733b00df0fdf060ea8513f0f700e6883130eb 0600 root root secret
}

apply() {
printf %s "$SECRET_EXTERNAL_ETCD_CA_CRT" | put_file /etc/kubernetes/pki/etcd-external/ca.crt 0600 root:root
}
