# kubernetes-packages: packages:kubernetes
# case docker-deb, host w1
# risk file; settle 0; deadline 1200
check() {
ask_package kubelet kubeadm kubectl docker.io docker-cli conntrack ebtables ethtool iptables socat bash-completion
DRIFTED= CHANGES=
read -r kept _ has <<<"${PACKAGE[kubelet]-}"
[ "$has" = 'installed 1.36.3-1.1' ] || { echo kubelet "${has:-absent}, wanted" 1.36.3-1.1; DRIFTED=1 CHANGES=1; }
[ "$kept" = hold ] || { echo kubelet 'is not held'; DRIFTED=1; }
read -r kept _ has <<<"${PACKAGE[kubeadm]-}"
[ "$has" = 'installed 1.36.3-1.1' ] || { echo kubeadm "${has:-absent}, wanted" 1.36.3-1.1; DRIFTED=1 CHANGES=1; }
[ "$kept" = hold ] || { echo kubeadm 'is not held'; DRIFTED=1; }
read -r kept _ has <<<"${PACKAGE[kubectl]-}"
[ "$has" = 'installed 1.36.3-1.1' ] || { echo kubectl "${has:-absent}, wanted" 1.36.3-1.1; DRIFTED=1 CHANGES=1; }
[ "$kept" = hold ] || { echo kubectl 'is not held'; DRIFTED=1; }
read -r kept _ has <<<"${PACKAGE[docker.io]-}"
[ "${has% *}" = installed ] || { echo docker.io "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[docker-cli]-}"
[ "${has% *}" = installed ] || { echo docker-cli "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[conntrack]-}"
[ "${has% *}" = installed ] || { echo conntrack "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[ebtables]-}"
[ "${has% *}" = installed ] || { echo ebtables "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[ethtool]-}"
[ "${has% *}" = installed ] || { echo ethtool "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[iptables]-}"
[ "${has% *}" = installed ] || { echo iptables "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[socat]-}"
[ "${has% *}" = installed ] || { echo socat "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
read -r kept _ has <<<"${PACKAGE[bash-completion]-}"
[ "${has% *}" = installed ] || { echo bash-completion "${has:-absent}, wanted" installed; DRIFTED=1 CHANGES=1; }
[ -z "$DRIFTED" ] || drift
}

apply() {
apt_install '' 'kubelet kubeadm kubectl' kubelet=1.36.3-1.1 kubeadm=1.36.3-1.1 kubectl=1.36.3-1.1 docker.io docker-cli conntrack ebtables ethtool iptables socat bash-completion
apt-mark hold kubelet kubeadm kubectl
}
