# kubernetes-packages: facts
# case planes, host cp2
if [ -z "${IDENTITY_TOLD-}" ]; then IDENTITY_TOLD=1
# include identity.sh without comments
fi
apt_other_sources https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /etc/apt/sources.list.d/kubernetes.list
runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)
apt_plan kubernetes 'kubelet kubeadm kubectl' kubelet=1.36.3-1.1 kubeadm=1.36.3-1.1 kubectl=1.36.3-1.1 conntrack ebtables ethtool iptables socat bash-completion "${runtime[@]}" 
