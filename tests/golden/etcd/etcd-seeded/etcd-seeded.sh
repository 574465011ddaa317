# etcd-seeded: etcd:seeded
# case new-hosts, host cp1
# risk delete; settle 0; deadline 1800
check() {
[ ! -f /etc/kubernetes/k8sops/initialised ] || exit 0
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

restored_with 20261130T010203Z || drift
}

apply() {
mkdir -p /etc/kubernetes/k8sops
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

FOLDER=/var/backups/k8sops FAILURE=
images=$(kubeadm config images list --kubernetes-version v1.36.3)
kubeadm config images pull --kubernetes-version v1.36.3 --cri-socket unix:///run/containerd/containerd.sock >/dev/null
ETCD_IMAGE=$(grep /etcd: <<<"$images")
same_version "$FOLDER/"demo-20261130T010203Z-cp1.json || { echo "$FAILURE"; exit 1; }
restore_data 20261130T010203Z demo-20261130T010203Z-cp1 cp1 https://10.0.0.11:2380 cp1=https://10.0.0.11:2380 1796083200000
}
