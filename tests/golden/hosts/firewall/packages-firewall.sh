# firewall: packages:firewall
# case ipv6, host cp1
# risk file; settle 0; deadline 1200
check() {
ask_package nftables
DRIFTED= CHANGES=
read -r kept _ has <<<"${PACKAGE[nftables]-}"
[ "${has% *}" = installed ] || { echo nftables "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
[ -z "$DRIFTED" ] || drift
}

apply() {
apt_install '' '' nftables
}
