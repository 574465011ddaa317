# kubernetes-packages: facts
# case 1.23, host cp1
if [ -z "${IDENTITY_TOLD-}" ]; then IDENTITY_TOLD=1
# include identity.sh without comments
fi
apt_other_sources https://pkgs.k8s.io/core:/stable:/v1.23/deb/ /etc/apt/sources.list.d/kubernetes.list
apt_offers https://pkgs.k8s.io/core:/stable:/v1.23/deb/ kubelet=1.23.17-1.1
runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)
apt_plan kubernetes 'kubelet kubeadm kubectl' kubelet=1.23.17-1.1 kubeadm=1.23.17-1.1 kubectl=1.23.17-1.1 conntrack ebtables ethtool iptables socat bash-completion "${runtime[@]}" 
