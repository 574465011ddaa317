# container-runtime: withdrawn:image-mirrors
# case mirrors, host cp1
# risk file; settle 0; deadline 300
check() {
stale=()
for path in /etc/containerd/certs.d/*/hosts.toml; do
  [ -f "$path" ] || continue
  for one in /etc/containerd/certs.d/ghcr.io/hosts.toml /etc/containerd/certs.d/registry.k8s.io/hosts.toml; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in '# Written by k8sops'*) stale+=("$path") ;; esac
done
[ ${#stale[@]} = 0 ] || drift "no longer declared:"$'\n'"$(printf '%s\n' "${stale[@]}")"''
}

apply() {
stale=()
for path in /etc/containerd/certs.d/*/hosts.toml; do
  [ -f "$path" ] || continue
  for one in /etc/containerd/certs.d/ghcr.io/hosts.toml /etc/containerd/certs.d/registry.k8s.io/hosts.toml; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in '# Written by k8sops'*) stale+=("$path") ;; esac
done
[ ${#stale[@]} = 0 ] || rm -f "${stale[@]}" 
}
