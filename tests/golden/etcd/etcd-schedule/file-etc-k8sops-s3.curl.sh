# etcd-schedule: file:/etc/k8sops/s3.curl
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/s3.curl
file_holds /etc/k8sops/s3.curl 795abc3e5d00f430494fb579d7c3adfeffda7a0bf8042b9081bc75543cf61837 0600 root root secret
}

apply() {
printf %s "$SECRET_S3_CREDENTIALS" | put_file /etc/k8sops/s3.curl 0600 root:root
}
