# kubernetes-packages: facts
# case 1.30, host w2
if [ -z "${IDENTITY_TOLD-}" ]; then IDENTITY_TOLD=1
# include identity.sh without comments
fi
apt_other_sources https://pkgs.k8s.io/core:/stable:/v1.30/deb/ /etc/apt/sources.list.d/kubernetes.list
runtime=(docker.io)
[ "$OS_ID" != debian ] || [ "${OS_VERSION%%.*}" -lt 13 ] || runtime+=(docker-cli)
[ -z "${HAS[docker-ce]-}" ] || runtime=(docker-ce)
apt_plan kubernetes 'kubelet kubeadm kubectl' kubelet=1.30.14-1.1 kubeadm=1.30.14-1.1 kubectl=1.30.14-1.1 conntrack ebtables ethtool iptables socat bash-completion cri-dockerd "${runtime[@]}" 
