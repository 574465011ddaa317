# firewall: firewall:off
# case firewall-disabled, host cp1
# risk restart; settle 0; deadline 300
check() {
DRIFTED=
if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then echo 'ufw is enabled'; DRIFTED=1; fi
for word in is-active is-enabled; do
  has=$(systemctl $word nftables.service 2>/dev/null || true)
  case $has in active|enabled) echo "nftables is $has"; DRIFTED=1 ;; esac
done
[ -z "$DRIFTED" ] || drift
}

apply() {
if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then ufw disable; fi
if systemctl cat nftables.service >/dev/null 2>&1; then
  systemctl disable nftables.service
  # Stopping it flushes every rule in the kernel, those of kube-proxy too, which puts its own back within a minute.
  systemctl stop nftables.service
fi
}
