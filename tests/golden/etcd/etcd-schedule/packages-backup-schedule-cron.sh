# etcd-schedule: packages:backup
# case schedule-cron, host cp1
# risk file; settle 0; deadline 1200
check() {
ask_package curl cron
DRIFTED= CHANGES=
read -r kept _ has <<<"${PACKAGE[curl]-}"
[ "${has% *}" = installed ] || { echo curl "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[cron]-}"
[ "${has% *}" = installed ] || { echo cron "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
[ -z "$DRIFTED" ] || drift
}

apply() {
apt_install '' '' curl cron
}
