# firewall: firewall:nftables
# case firewall-nft, host w1
# risk file; after file:/etc/k8sops/nftables.nft; settle 0; deadline 300
check() {
chain=(ip filter input )
[ "$(nft list chain "${chain[@]}" | grep -c "jump k8sops_input$")" = 1 ] || drift "no jump from ${chain[*]}"
[ "$(nft list chain ip filter k8sops_input | grep -c " accept$")" = 2 ] || drift "rules not loaded"
chain=(ip6 filter input )
[ "$(nft list chain "${chain[@]}" | grep -c "jump k8sops_input$")" = 1 ] || drift "no jump from ${chain[*]}"
[ "$(nft list chain ip6 filter k8sops_input | grep -c " accept$")" = 0 ] || drift "rules not loaded"
}

apply() {
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
