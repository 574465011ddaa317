# etcd-backup: facts
# case backup-copied, host cp1
apt_plan backup '' age curl
