# control-plane-join: control-plane-join
# case planes-replaced, host cp1
# risk file; settle 120; deadline 780
check() {
ask_nodes
hear_api
[ -f /etc/kubernetes/k8sops/initialised ] || drift
api_answers || unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
[ -n "${NODE['cp1 label node-role.kubernetes.io/control-plane=']-}" ] || drift "the node is not a control plane" 
}

apply() {
[ ! -f /etc/kubernetes/k8sops/initialised ] || { echo 'was already a control plane; reset it first'; exit 1; }
unmarked() {
  local path
  [ ! -d /etc/kubernetes/k8sops ] || return 0
  for path in /etc/kubernetes/manifests/{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}.yaml \
    /etc/kubernetes/{admin,controller-manager,scheduler}.conf /var/lib/etcd/member; do
    [ ! -e "$path" ] || printf '%s\n' "$path"
  done
}
files=$(unmarked)
[ -z "$files" ] || { echo 'k8sops did not create this control plane, nothing was changed:' $files; exit 1; }
if [ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] && [ ! -e /etc/kubernetes/scheduler.conf ]; then
  # kubeadm writes scheduler.conf before kubelet starts, so this is no join of a control plane that died.
  echo 'this host is already a worker: run k8sops reset cp1, then k8sops apply'
  exit 1
fi
if [ -e /etc/kubernetes/kubelet.conf ] || [ -e /etc/kubernetes/manifests ] || [ -e /var/lib/etcd/member ]; then
  echo 'an earlier join was interrupted: undoing it first'
  systemctl start containerd || echo 'the container runtime does not start: killing pods without it'
if type -P kubeadm >/dev/null; then
  # Its member of etcd is removed elsewhere, by its id: a cluster that is no more cannot be asked.
  reset=(timeout -k 10 60 kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock --skip-phases=remove-etcd-member)
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
  rm -rf /var/lib/etcd/member
fi
trap 'rm -f /etc/kubernetes/k8sops/join.yaml' EXIT
mkdir -p /etc/kubernetes/k8sops
config='apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: api.example.com:6443
    token: "abcdef.SECRETHALFHERE00"
    caCertHashes: [sha256:5164b7c1b6effb9102d4e995ee2b9a84915addf07fe9665721bc04e314d1c55b]
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: node-ip
    value: 10.0.0.11
  name: cp1

controlPlane:
  certificateKey: "CERTIFICATEKEYHERE"
  localAPIEndpoint:
    advertiseAddress: 10.0.0.11
    bindPort: 6443
'
config=${config//SECRETHALFHERE00/"$SECRET_JOIN_TOKEN"}
config=${config//CERTIFICATEKEYHERE/"$SECRET_CERTIFICATE_KEY"}
printf %s "$config" | put_file /etc/kubernetes/k8sops/join.yaml 0600 root:root
timeout -k 10 600 kubeadm join --config /etc/kubernetes/k8sops/join.yaml --ignore-preflight-errors=Port-10250
date -u +%FT%TZ | put_file /etc/kubernetes/k8sops/initialised 0644 root:root
}
