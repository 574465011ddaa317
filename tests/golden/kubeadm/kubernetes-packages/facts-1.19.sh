# kubernetes-packages: facts
# case 1.19, host cp1
if [ -z "${IDENTITY_TOLD-}" ]; then IDENTITY_TOLD=1
# include identity.sh without comments
fi
apt_other_sources https://pkgs.k8s.io/core:/stable:/v1.19/deb/ /etc/apt/sources.list.d/kubernetes.list
apt_offers https://pkgs.k8s.io/core:/stable:/v1.19/deb/ kubelet=1.19.16-1.1
runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)
apt_plan kubernetes 'kubelet kubeadm kubectl' kubelet=1.19.16-1.1 kubeadm=1.19.16-1.1 kubectl=1.19.16-1.1 conntrack ebtables ethtool iptables socat bash-completion "${runtime[@]}" 
