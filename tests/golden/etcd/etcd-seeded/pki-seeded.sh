# etcd-seeded: pki:seeded
# case new-hosts, host cp1
# risk file; settle 0; deadline 300
check() {
[ ! -f /etc/kubernetes/k8sops/initialised ] || exit 0
[ -f /var/backups/k8sops/demo-20261130T010203Z-cp1.tar ] || drift "the backup is not on this host yet"
there=$(tar -tf /var/backups/k8sops/demo-20261130T010203Z-cp1.tar) || exit 12
for path in /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/front-proxy-ca.crt /etc/kubernetes/pki/front-proxy-ca.key /etc/kubernetes/pki/etcd/ca.crt /etc/kubernetes/pki/etcd/ca.key /etc/kubernetes/pki/sa.key /etc/kubernetes/pki/sa.pub /etc/kubernetes/encryption.yaml; do
  grep -qxF "${path#/}" <<<"$there" || continue
  tar -xOf /var/backups/k8sops/demo-20261130T010203Z-cp1.tar "${path#/}" | cmp -s - "$path" || drift "$path differs from the backup"
done
}

apply() {
mkdir -p /etc/kubernetes/k8sops
there=$(tar -tf /var/backups/k8sops/demo-20261130T010203Z-cp1.tar)
for path in /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/front-proxy-ca.crt /etc/kubernetes/pki/front-proxy-ca.key /etc/kubernetes/pki/etcd/ca.crt /etc/kubernetes/pki/etcd/ca.key /etc/kubernetes/pki/sa.key /etc/kubernetes/pki/sa.pub /etc/kubernetes/encryption.yaml; do
  grep -qxF "${path#/}" <<<"$there" || { echo "the backup has no $path"; continue; }
  mode=0600
  case $path in *.crt|*.pub) mode=0644 ;; esac
  tar -xOf /var/backups/k8sops/demo-20261130T010203Z-cp1.tar "${path#/}" | put_file "$path" $mode root:root
done
}
