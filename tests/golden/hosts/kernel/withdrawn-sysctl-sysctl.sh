# kernel: withdrawn:sysctl
# case sysctl, host cp1
# risk file; settle 0; deadline 300
check() {
stale=()
for path in /etc/sysctl.d/90-k8sops-*.conf; do
  [ -f "$path" ] || continue
  for one in /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-iptables.conf /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-ip6tables.conf /etc/sysctl.d/90-k8sops-net.ipv4.ip_forward.conf /etc/sysctl.d/90-k8sops-net.ipv4.ip_local_port_range.conf /etc/sysctl.d/90-k8sops-vm.max_map_count.conf; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in ''*) stale+=("$path") ;; esac
done
[ ${#stale[@]} = 0 ] || drift "no longer declared:"$'\n'"$(printf '%s\n' "${stale[@]}")"'
their values stay in effect until the next boot'
}

apply() {
stale=()
for path in /etc/sysctl.d/90-k8sops-*.conf; do
  [ -f "$path" ] || continue
  for one in /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-iptables.conf /etc/sysctl.d/90-k8sops-net.bridge.bridge-nf-call-ip6tables.conf /etc/sysctl.d/90-k8sops-net.ipv4.ip_forward.conf /etc/sysctl.d/90-k8sops-net.ipv4.ip_local_port_range.conf /etc/sysctl.d/90-k8sops-vm.max_map_count.conf; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in ''*) stale+=("$path") ;; esac
done
[ ${#stale[@]} = 0 ] || rm -f "${stale[@]}" 
}
