# firewall: file:/etc/k8sops/nftables.nft
# case firewall-nft, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/k8sops/nftables.nft
file_holds /etc/k8sops/nftables.nft 0f8d60e1665ecb631426956fe293ff3172844abdde8c4b77532fd4261f9b6e0a 0644 root root
}

apply() {
printf %s '# Written by k8sops.
add chain inet filter k8sops_input
flush chain inet filter k8sops_input
add rule inet filter k8sops_input ip saddr { 10.0.0.21, 10.244.0.0/16 } tcp dport 10250 accept
add rule inet filter k8sops_input tcp dport 6443 accept
add rule inet filter k8sops_input ip saddr { 10.0.0.21 } udp dport 8472 accept
insert rule inet filter input jump k8sops_input
add chain inet filter k8sops_forward
flush chain inet filter k8sops_forward
add rule inet filter k8sops_forward ip saddr 10.244.0.0/16 accept
add rule inet filter k8sops_forward ip daddr 10.244.0.0/16 accept
insert rule inet filter forward jump k8sops_forward
' | put_file /etc/k8sops/nftables.nft 0644 root:root
{ chain=(inet filter input )
nft -a list chain "${chain[@]}" | while read -r line; do
  case $line in *"jump k8sops_input # handle "*) echo "delete rule ${chain[*]} handle ${line##* }" ;; esac
done
chain=(inet filter forward )
nft -a list chain "${chain[@]}" | while read -r line; do
  case $line in *"jump k8sops_forward # handle "*) echo "delete rule ${chain[*]} handle ${line##* }" ;; esac
done
cat /etc/k8sops/nftables.nft; } | nft -f -
}
