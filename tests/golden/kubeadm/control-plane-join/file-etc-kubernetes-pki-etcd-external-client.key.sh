# control-plane-join: file:/etc/kubernetes/pki/etcd-external/client.key
# case external-etcd, host cp2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/kubernetes/pki/etcd-external/client.key
file_holds /etc/kubernetes/pki/etcd-external/client.key c705461e91e939ff958cbf4cdb018664e440632babf7d1e7ed943e7c74c29bbf 0600 root root secret
}

apply() {
printf %s "$SECRET_EXTERNAL_ETCD_CLIENT_KEY" | put_file /etc/kubernetes/pki/etcd-external/client.key 0600 root:root
}
