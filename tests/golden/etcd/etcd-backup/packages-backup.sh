# etcd-backup: packages:backup
# case backup-copied, host cp1
# risk file; settle 0; deadline 1200
check() {
ask_package age curl
DRIFTED= CHANGES=
read -r kept _ has <<<"${PACKAGE[age]-}"
[ "${has% *}" = installed ] || { echo age "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[curl]-}"
[ "${has% *}" = installed ] || { echo curl "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
[ -z "$DRIFTED" ] || drift
}

apply() {
apt_install '' '' age curl
}
