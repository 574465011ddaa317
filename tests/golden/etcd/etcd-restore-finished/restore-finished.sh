# etcd-restore-finished: restore:finished
# case restore, host cp1
# risk file; after restore:under-way; settle 0; deadline 300
check() {
[ ! -e /var/lib/k8sops/restore/current ] || drift
}

apply() {
rm -f /var/lib/k8sops/restore/current
rmdir /var/lib/k8sops/restore/stopped/manifests 2>/dev/null || true
}
