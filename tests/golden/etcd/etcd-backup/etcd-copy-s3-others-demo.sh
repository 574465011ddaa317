# etcd-backup: etcd-copy:s3://others/demo
# case backup-plain-copies, host cp1
# risk file; settle 0; deadline 7200
check() {
[ -f /var/backups/k8sops/demo-20261130T010203Z-cp1.json ] || unknown "the backup does not exist yet"
grep -qF '"s3://others/demo"' /var/backups/k8sops/demo-20261130T010203Z-cp1.json || drift "not copied" 
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
S3_ENDPOINT=http://s3.example.com:9000
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

ENCRYPT_TO=''

alone && copy demo-20261130T010203Z-cp1 s3://others/demo || fail
}
