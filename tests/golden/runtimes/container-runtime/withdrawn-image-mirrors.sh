# container-runtime: withdrawn:image-mirrors
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
stale=()
for path in /etc/containerd/certs.d/*/hosts.toml; do
  [ -f "$path" ] || continue
  for one in ; do [ "$one" != "$path" ] || continue 2; done
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
  for one in ; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in '# Written by k8sops'*) stale+=("$path") ;; esac
done
[ ${#stale[@]} = 0 ] || rm -f "${stale[@]}" 
}
