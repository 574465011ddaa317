#!/bin/bash
# The first run by hand: what an operator who knows all of it would type, one script a host over one ssh for each part,
# in the order of site.yaml and with its barriers. This is the critical path that k8sops is measured against.
#
# byhand.sh FOLDER VERSION REPOSITORY CONTROL_PLANE WORKER…
# FOLDER holds ssh_config, files.tar (the files that k8sops would write), and takes the output of each host.
set -eu
folder=$1 version=$2 repository=$3 plane=$4
shift 4
on() {
  ssh -F "$folder/ssh_config" "$1" 'sudo bash -s' >"$folder/$1.log" 2>&1 || { tail -n 20 "$folder/$1.log"; return 1; }
}

# everywhere SCRIPT HOST…: on all at once, and goes on when all have done.
everywhere() {
  local script=$1 host jobs=()
  shift
  for host; do on "$host" <<<"$script" & jobs+=($!); done
  for host in "${jobs[@]}"; do wait "$host"; done
}

prepare="{ set -e
export DEBIAN_FRONTEND=noninteractive
base64 -d <<'EOF' | tar -xC /
$(base64 "$folder/files.tar")
EOF
swapoff -a
for key in net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables net.ipv4.ip_forward; do
  echo \"\$key = 1\" >/etc/sysctl.d/90-k8sops-\$key.conf
  echo 1 >/proc/sys/\${key//.//}
done
cat /etc/kubernetes/k8sops/names >>/etc/hosts
apt-get -q update
apt-get -q -y install --no-install-recommends systemd-timesyncd
systemctl enable systemd-timesyncd
/usr/lib/apt/apt-helper download-file '${repository}Release.key' /etc/apt/keyrings/kubernetes.asc
echo 'deb [signed-by=/etc/apt/keyrings/kubernetes.asc] $repository /' >/etc/apt/sources.list.d/kubernetes.list
apt-get -q update -o Dir::Etc::SourceList=/etc/apt/sources.list.d/kubernetes.list -o Dir::Etc::SourceParts=- \
  -o APT::Get::List-Cleanup=0
apt-get -q -y -o Dpkg::Options::=--force-confold install --no-install-recommends kubelet=$version kubeadm=$version \
  kubectl=$version containerd conntrack ebtables ethtool iptables socat bash-completion
apt-mark hold kubelet kubeadm kubectl
systemctl daemon-reload
systemctl enable kubelet
systemctl restart containerd
exit 0; } </dev/null"
everywhere "$prepare" "$plane" "$@"

everywhere "{ set -e
export KUBECONFIG=/etc/kubernetes/admin.conf
kubeadm init --config /etc/kubernetes/k8sops/init.yaml --skip-token-print --ignore-preflight-errors=SystemVerification
kubectl apply --server-side -f /etc/kubernetes/k8sops/flannel.yaml
for home in /root /home/ops; do
  install -d -m 0700 -o \${home##*/} \$home/.kube
  install -m 0600 -o \${home##*/} \$KUBECONFIG \$home/.kube/config
done
echo
kubeadm token create --ttl 15m --print-join-command
exit 0; } </dev/null" "$plane"

everywhere "{ set -e
$(tail -n 1 "$folder/$plane.log") --ignore-preflight-errors=SystemVerification
systemctl enable kubelet
exit 0; } </dev/null" "$@"

everywhere "{ set -e
export KUBECONFIG=/etc/kubernetes/admin.conf
kubeadm token list -o jsonpath='{.token}{\"\\n\"}' | cut -c1-6 | while read -r token; do kubeadm token delete \$token; done
kubectl wait --for=condition=Ready nodes --all --timeout=180s
kubectl -n kube-system rollout status deployment/coredns --timeout=180s
kubectl -n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=180s
[ \"\$(kubectl get nodes -o name | wc -l)\" = $(($# + 1)) ]
exit 0; } </dev/null" "$plane"
