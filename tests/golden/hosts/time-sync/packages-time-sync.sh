# time-sync: packages:time-sync
# case bare, host cp1
# risk file; settle 0; deadline 1200
check() {
ask_package systemd-timesyncd
DRIFTED= CHANGES=
read -r kept _ has <<<"${PACKAGE[systemd-timesyncd]-}"
[ "${has% *}" = installed ] || { echo systemd-timesyncd "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
[ -z "$DRIFTED" ] || drift
}

apply() {
apt_install '' '' systemd-timesyncd
}
