# notes: directory:/etc/notes
# case own-task, host cp1
# risk file; settle 0; deadline 300
check() {
[ -d /etc/notes ] || drift
[ "$(stat -c '%04a %U:%G' /etc/notes)" = '0750 root:adm' ] || drift 'wrong mode or owner'
}

apply() {
mkdir -p /etc/notes && chmod 0750 /etc/notes && chown root:adm /etc/notes
}
