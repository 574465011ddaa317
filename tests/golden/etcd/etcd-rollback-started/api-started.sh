# etcd-rollback-started: api:started
# case rollback, host cp1
# risk restart; settle 240; deadline 300
check() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

! goes_back 20261129T020202Z || drift
has=$(started kube-apiserver kube-controller-manager kube-scheduler) || drift "$has"
kubectl get --raw=/readyz --request-timeout=5s >/dev/null 2>&1 || drift "the API server does not answer yet" 
}

apply() {
# include tools.sh

# include backup.sh

# include drill.sh

# include restore.sh

moved "$RESTORE/stopped/manifests" "$MANIFESTS" kube-apiserver kube-controller-manager kube-scheduler
}
