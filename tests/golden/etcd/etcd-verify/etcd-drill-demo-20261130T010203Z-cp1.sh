# etcd-verify: etcd-drill:demo-20261130T010203Z-cp1
# case verify, host cp1
# risk file; settle 0; deadline 7200
check() {
[ -f /var/backups/k8sops/demo-20261130T010203Z-cp1.json ] || unknown 'no backup demo-20261130T010203Z-cp1 on this host'
last=$(sed -n 's/^  "drill": {"at": "\([^"]*\)", "ok": true.*/\1/p' /var/backups/k8sops/demo-20261130T010203Z-cp1.json)
[[ ! "$last" < 2026-12-01T00:00:00Z ]] || drift "last passed: ${last:-never}" 
}

apply() {
set +e +o pipefail
CLUSTER=demo
MY_NODE=cp1
TOOL=VERSION
FOLDER=/var/backups/k8sops
ENDPOINTS=https://10.0.0.11:2379
KEEP='7 7 5 12'
COPIES=''
S3_ENDPOINT=''
S3_REGION=us-east-1
S3_CONFIG=/etc/k8sops/s3.curl
ENCRYPT_TO=''
METRICS=''
RANDOM_DELAY=1800
TAKEOVER=900
# include tools.sh

# include backup.sh

# include drill.sh

# include copies.sh

# include keep.sh

alone && drill demo-20261130T010203Z-cp1 || fail
}
