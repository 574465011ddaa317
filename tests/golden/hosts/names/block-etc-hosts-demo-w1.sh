# names: block:/etc/hosts:demo
# case bare, host w1
# risk file; settle 0; deadline 300
check() {
block_holds /etc/hosts demo '# k8sops demo begin
10.0.0.11 cp1
10.0.0.21 w1
10.0.0.11 demo-api
# k8sops demo end
'
}

apply() {
touch /etc/hosts
new=$(sed -e '/^# k8sops demo begin$/,/^# k8sops demo end$/d' /etc/hosts; printf '%s.' '# k8sops demo begin
10.0.0.11 cp1
10.0.0.21 w1
10.0.0.11 demo-api
# k8sops demo end
')
printf %s "${new%.}" >/etc/hosts
}
