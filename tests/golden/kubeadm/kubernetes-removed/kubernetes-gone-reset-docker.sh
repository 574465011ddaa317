# kubernetes-removed: kubernetes-gone
# case reset-docker, host w1
# risk delete; settle 0; deadline 360
check() {
has=$(ls -d /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /etc/kubernetes/pki/* \
  /etc/kubernetes/k8sops /var/lib/kubelet/config.yaml /var/lib/kubelet/pki /var/lib/etcd/member* 2>/dev/null || true)
running=$(ps -o comm= -p "$({ find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs -exec grep -hvx 0 {} + 2>/dev/null || :; } | paste -sd,)" 2>/dev/null | sort -u | paste -sd' ' || true)
[ -z "$running" ] || has+="${has:+$'\n'}processes of pods: $running"
[ -z "$has" ] || drift "$has" 
}

apply() {
for one in /root/.kube/config; do
  if [ -f "$KUBECONFIG" ] && [ ! -L "$one" ] && cmp -s "$KUBECONFIG" "$one"; then rm -f "$one"; fi
done
systemctl start docker cri-docker || echo 'the container runtime does not start: killing pods without it'
if type -P kubeadm >/dev/null; then
  # Its member of etcd is removed elsewhere, by its id: a cluster that is no more cannot be asked.
  reset=(timeout -k 10 150 kubeadm reset --force --cri-socket unix:///run/cri-dockerd.sock --skip-phases=remove-etcd-member)
  { "${reset[@]}" && [ -z "$({ find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs -exec grep -hvx 0 {} + 2>/dev/null || :; })" ]; } || "${reset[@]}"
fi
systemctl stop kubelet 2>/dev/null || true
for _ in {1..20}; do
  pids=$({ find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs -exec grep -hvx 0 {} + 2>/dev/null || :; })
  [ -n "$pids" ] || break
  kill -9 $pids 2>/dev/null || true
  sleep 0.5
done
[ -z "$pids" ] || { echo 'cannot kill these processes of pods:' $pids; exit 1; }
rm -rf /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /etc/kubernetes/pki /etc/kubernetes/tmp \
  /var/lib/kubelet/config.yaml /var/lib/kubelet/pki /var/lib/etcd/member* /var/lib/k8sops/restore
# The mark that all this was made by k8sops goes last, so that a reset that dies can be run again.
rm -rf /etc/kubernetes/k8sops
}
