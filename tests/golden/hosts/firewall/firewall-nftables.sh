# firewall: firewall:nftables
# case firewall-nft, host cp1
# risk file; after file:/etc/k8sops/nftables.nft; settle 0; deadline 300
check() {
chain=(inet filter input )
[ "$(nft list chain "${chain[@]}" | grep -c "jump k8sops_input$")" = 1 ] || drift "no jump from ${chain[*]}"
[ "$(nft list chain inet filter k8sops_input | grep -c " accept$")" = 3 ] || drift "rules not loaded"
chain=(inet filter forward )
[ "$(nft list chain "${chain[@]}" | grep -c "jump k8sops_forward$")" = 1 ] || drift "no jump from ${chain[*]}"
[ "$(nft list chain inet filter k8sops_forward | grep -c " accept$")" = 2 ] || drift "rules not loaded"
}

apply() {
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
