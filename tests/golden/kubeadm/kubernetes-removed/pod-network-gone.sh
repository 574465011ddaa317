# kubernetes-removed: pod-network-gone
# case reset-worker, host w1
# risk delete; after kubernetes-gone; settle 5; deadline 300
check() {
DRIFTED=
for link in cni0 flannel.1 kube-ipvs0 nodelocaldns; do
  if [ -e "/sys/class/net/$link" ]; then echo "link $link"; DRIFTED=1; fi
done
for save in iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save; do
  type -P $save >/dev/null || continue
  rules=$($save 2>/dev/null | grep -cE 'KUBE-|FLANNEL|CNI-|cni0|flannel[.]' || true)
  if [ "$rules" -gt 0 ]; then echo "$rules lines of $save"; DRIFTED=1; fi
done
for path in /etc/cni/net.d/10-flannel.conflist /var/lib/cni /run/flannel; do
  if [ -e $path ]; then echo $path; DRIFTED=1; fi
done
[ -z "$DRIFTED" ] || drift
}

apply() {
for link in cni0 flannel.1 kube-ipvs0 nodelocaldns; do
  if [ -e "/sys/class/net/$link" ]; then ip link delete "$link"; fi
done
for save in iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save; do
  type -P $save >/dev/null || continue
  rules=$($save 2>/dev/null)
  # A table at a time is replaced as a whole, by itself without what is ours.
  if grep -qE 'KUBE-|FLANNEL|CNI-|cni0|flannel[.]' <<<"$rules"; then grep -vE 'KUBE-|FLANNEL|CNI-|cni0|flannel[.]' <<<"$rules" | "${save%-save}-restore"; fi
done
rm -rf /etc/cni/net.d/10-flannel.conflist /opt/cni/bin/flannel /var/lib/cni /run/flannel
}
