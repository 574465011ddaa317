# etcd-rollback-stopped: facts
# case rollback, host cp1
(
# include tools.sh

# include backup.sh

# include restore.sh

fact more.under-way "$(head -c 4096 "$RESTORE/current" 2>/dev/null)"
fact more.manifest "$(base64 -w0 </var/backups/k8sops/.json 2>/dev/null)"
dir=$(data_dir)
fact more.restored "$(cat "$dir/member/k8sops-restore" 2>/dev/null)"
for old in "$dir"/member-before-*; do [ ! -d "$old" ] || fact more.before "${old##*/member-before-}"; done
fact more.free "$(df --output=avail -B1 "$(standing "$dir")" | tail -n 1)"
if etcd_manifest >/dev/null 2>&1; then
  fact more.etcd "$(etcd_image)"
  fact more.member "$(etcd_flag name) $(etcd_flag initial-advertise-peer-urls)"
  fact more.revision "$(ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 etcd_status Revision 2>/dev/null)"
fi
)
