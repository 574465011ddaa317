# etcd-backup: etcd-copy:s3://backups/demo
# case backup-copied, host cp1
# risk file; settle 0; deadline 7200
check() {
[ -f /srv/backups/demo-20261201T000000Z-cp1.json ] || unknown "the backup does not exist yet"
grep -qF '"s3://backups/demo"' /srv/backups/demo-20261201T000000Z-cp1.json || drift "not copied" 
}

apply() {
set +e +o pipefail
CLUSTER=demo
MY_NODE=cp1
TOOL=VERSION
FOLDER=/srv/backups
ENDPOINTS=https://10.0.0.11:2379
KEEP='3 7 5 12'
COPIES='s3://backups/demo ssh://backup@10.0.0.99:2222/srv/demo'
S3_ENDPOINT=https://s3.example.com
S3_REGION=eu-central-1
S3_CONFIG=/etc/k8sops/s3.curl
ENCRYPT_TO=age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq
METRICS=/var/lib/node_exporter
RANDOM_DELAY=1800
TAKEOVER=900
# include tools.sh

# include backup.sh

# include drill.sh

# include copies.sh

# include keep.sh

ENCRYPT_TO=age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq
trap 'rm -f /run/k8sops-s3.curl' EXIT
printf 'user = "%s"\n' "$SECRET_S3_CREDENTIALS" | put_file /run/k8sops-s3.curl 0600 root:root
S3_CONFIG=/run/k8sops-s3.curl
alone && copy demo-20261201T000000Z-cp1 s3://backups/demo || fail
}
