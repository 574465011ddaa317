# kubernetes-packages: facts
# case mirrors, host cp1
if [ -z "${IDENTITY_TOLD-}" ]; then IDENTITY_TOLD=1
# include identity.sh without comments
fi
apt_other_sources http://mirror.example.com/core:/stable:/v1.36/deb/ /etc/apt/sources.list.d/kubernetes.list
apt_offers http://mirror.example.com/core:/stable:/v1.36/deb/ kubelet=1.36.3-2.1
runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)
apt_plan kubernetes 'kubelet kubeadm kubectl' kubelet=1.36.3-2.1 kubeadm=1.36.3-2.1 kubectl=1.36.3-2.1 conntrack ebtables ethtool iptables socat bash-completion "${runtime[@]}" 
