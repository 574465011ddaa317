# etcd-schedule: file:/usr/local/sbin/k8sops-etcd
# case schedule, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /usr/local/sbin/k8sops-etcd
file_holds /usr/local/sbin/k8sops-etcd SHA256 0700 root root
}

apply() {
printf %s '#!/bin/bash
# Kept by k8sops.
MARK=k8sops
CLUSTER=demo
MY_NODE=cp1
TOOL=VERSION
FOLDER=/srv/backups
ENDPOINTS=https://10.0.0.11:2379
KEEP='"'"'3 7 5 12'"'"'
COPIES='"'"'s3://backups/demo ssh://backup@10.0.0.99:2222/srv/demo'"'"'
S3_ENDPOINT=https://s3.example.com
S3_REGION=eu-central-1
S3_CONFIG=/etc/k8sops/s3.curl
ENCRYPT_TO=age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq
METRICS=/var/lib/node_exporter
RANDOM_DELAY=1800
TAKEOVER=900
# include shell.sh
# include apt.sh
# include repository.sh

# include tools.sh

# include backup.sh

# include drill.sh

# include copies.sh

# include keep.sh

# include nightly.sh

main "$@"
' | put_file /usr/local/sbin/k8sops-etcd 0700 root:root
}
