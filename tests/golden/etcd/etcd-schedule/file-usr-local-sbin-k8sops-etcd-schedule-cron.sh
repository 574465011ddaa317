# etcd-schedule: file:/usr/local/sbin/k8sops-etcd
# case schedule-cron, host cp1
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
FOLDER=/var/backups/k8sops
ENDPOINTS=https://10.0.0.11:2379
KEEP='"'"'7 7 5 12'"'"'
COPIES='"'"''"'"'
S3_ENDPOINT='"'"''"'"'
S3_REGION=us-east-1
S3_CONFIG=/etc/k8sops/s3.curl
ENCRYPT_TO='"'"''"'"'
METRICS='"'"''"'"'
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
