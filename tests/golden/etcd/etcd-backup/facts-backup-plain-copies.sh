# etcd-backup: facts
# case backup-plain-copies, host cp1
apt_plan backup '' curl
