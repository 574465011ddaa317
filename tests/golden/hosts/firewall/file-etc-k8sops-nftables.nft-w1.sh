# firewall: file:/etc/k8sops/nftables.nft
# case firewall-nft, host w1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/nftables.nft
file_holds /etc/k8sops/nftables.nft 83d4565bb83aa980f5676e9e716cd34ca93c2c5ca23ddf9293c5bd8478fb8fae 0644 root root
}

apply() {
printf %s '# Written by k8sops.
add chain ip filter k8sops_input
flush chain ip filter k8sops_input
add rule ip filter k8sops_input ip saddr { 10.0.0.11, 10.244.0.0/16 } tcp dport 10250 accept
add rule ip filter k8sops_input ip saddr { 10.0.0.11 } udp dport 8472 accept
insert rule ip filter input jump k8sops_input
add chain ip6 filter k8sops_input
flush chain ip6 filter k8sops_input
insert rule ip6 filter input jump k8sops_input
' | put_file /etc/k8sops/nftables.nft 0644 root:root
{ chain=(ip filter input )
nft -a list chain "${chain[@]}" | while read -r line; do
  case $line in *"jump k8sops_input # handle "*) echo "delete rule ${chain[*]} handle ${line##* }" ;; esac
done
chain=(ip6 filter input )
nft -a list chain "${chain[@]}" | while read -r line; do
  case $line in *"jump k8sops_input # handle "*) echo "delete rule ${chain[*]} handle ${line##* }" ;; esac
done
cat /etc/k8sops/nftables.nft; } | nft -f -
}
