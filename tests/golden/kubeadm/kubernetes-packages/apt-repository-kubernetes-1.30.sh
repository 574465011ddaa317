# kubernetes-packages: apt-repository:kubernetes
# case 1.30, host cp1
# risk file; settle 0; deadline 300
check() {
ask_file /etc/apt/keyrings/kubernetes.asc /etc/apt/keyrings
[ ! -e /etc/apt/sources.list.d/kubernetes.list ] || source_is_ours /etc/apt/sources.list.d/kubernetes.list || { was_file /etc/apt/sources.list.d/kubernetes.list; drift; }
[ -e /etc/apt/keyrings/kubernetes.asc ] || drift "signing key missing"
case "${MODE[/etc/apt/keyrings]-}" in ???[57]*) ;; *) drift "the user _apt cannot read /etc/apt/keyrings" ;; esac
case "${MODE[/etc/apt/keyrings/kubernetes.asc]-}" in ???[4567]*) ;; *) drift "the user _apt cannot read the key" ;; esac
has_line /etc/apt/sources.list.d/kubernetes.list "# DE15B14486CD377B9E876E1A234654DA9A296436 ${SUM[/etc/apt/keyrings/kubernetes.asc]-}" || drift "apt-get update has not run with this key yet"
has_line /etc/apt/sources.list.d/kubernetes.list 'deb [signed-by=/etc/apt/keyrings/kubernetes.asc] https://pkgs.k8s.io/core:/stable:/v1.30/deb/ /' || drift "$(cat /etc/apt/sources.list.d/kubernetes.list 2>/dev/null)" 
}

apply() {
new=$(mktemp)
trap 'rm -f "$new"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file https://pkgs.k8s.io/core:/stable:/v1.30/deb/Release.key "$new"
has=$(openpgp_fingerprints <"$new")
[ "$has" = DE15B14486CD377B9E876E1A234654DA9A296436 ] || fail https://pkgs.k8s.io/core:/stable:/v1.30/deb/Release.key "has the key $has, expected "DE15B14486CD377B9E876E1A234654DA9A296436": not trusted"
apt_source /etc/apt/keyrings/kubernetes.asc /etc/apt/sources.list.d/kubernetes.list https://pkgs.k8s.io/core:/stable:/v1.30/deb/ 'deb [signed-by=/etc/apt/keyrings/kubernetes.asc] https://pkgs.k8s.io/core:/stable:/v1.30/deb/ /' DE15B14486CD377B9E876E1A234654DA9A296436 "$new" 
}
