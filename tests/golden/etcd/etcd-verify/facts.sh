# etcd-verify: facts
# case verify, host cp1
for one in /var/backups/k8sops/*.json; do
  [ -f "$one" ] || continue
  said=$(sed -n 's/^  "clusterId": "\([0-9]*\)",$/\1/p; s/^  "revision": \([0-9]*\),$/\1/p' "$one" | tr '\n' ' ')
  fact more.backup "$said$(basename "$one" .json)"
done
