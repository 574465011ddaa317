# secrets: absent:/etc/kubernetes/super-admin.conf
# case no-super-admin, host cp1
# risk delete; settle 0; deadline 300
check() {
[ ! -e /etc/kubernetes/super-admin.conf ] && [ ! -L /etc/kubernetes/super-admin.conf ] || drift 'exists'
}

apply() {
rm -f /etc/kubernetes/super-admin.conf
}
