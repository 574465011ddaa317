# etcd-schedule: file:/etc/k8sops/hook.curl
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/hook.curl
file_holds /etc/k8sops/hook.curl d695c95ed158f5550cc3f6c900ec9dbb845e86e6c058e5ee3e0f117939f1967f 0600 root root secret
}

apply() {
printf %s "$SECRET_BACKUP_HOOK" | put_file /etc/k8sops/hook.curl 0600 root:root
}
