# names: block:/etc/cloud/templates/hosts.debian.tmpl:demo
# case bare, host w1
# risk file; settle 0; deadline 300
check() {
[ -f /etc/cloud/templates/hosts.debian.tmpl ] || return 0
[ ! -e /etc/cloud/cloud-init.disabled ] || return 0
MANAGED=
for path in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /run/cloud-init/cloud.cfg /var/lib/cloud/instance/{cloud-config,vendor-cloud-config,vendor2-cloud-config}.txt; do
  [ -f "$path" ] || continue
  mapfile -t lines <"$path"
  for line in "${lines[@]}"; do [[ ! ${line,,} =~ ^[^#]*manage_etc_hosts[\"\']?[[:space:]]*:[[:space:]]*[\"\']?(true|yes|on|template) ]] || MANAGED=1; done
done
[ -n "$MANAGED" ] || return 0
block_holds /etc/cloud/templates/hosts.debian.tmpl demo '# k8sops demo begin
10.0.0.11 cp1
10.0.0.21 w1
10.0.0.11 demo-api
# k8sops demo end
'
}

apply() {
touch /etc/cloud/templates/hosts.debian.tmpl
new=$(sed -e '/^# k8sops demo begin$/,/^# k8sops demo end$/d' /etc/cloud/templates/hosts.debian.tmpl; printf '%s.' '# k8sops demo begin
10.0.0.11 cp1
10.0.0.21 w1
10.0.0.11 demo-api
# k8sops demo end
')
printf %s "${new%.}" >/etc/cloud/templates/hosts.debian.tmpl
}
