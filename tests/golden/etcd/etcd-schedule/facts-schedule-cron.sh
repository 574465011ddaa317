# etcd-schedule: facts
# case schedule-cron, host cp1
apt_plan backup '' curl cron
