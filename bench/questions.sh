# What a run with nothing to do has to know of a host, asked by hand in one go: no plan is made of the answers, and
# nobody looks at them. These are the programs that k8sops starts there, with all that it asks in one call of each.
# What can be read without a program (/proc, /etc/hosts, links of units) is left out.
files=(/etc/modules-load.d/k8sops.conf /etc/containerd/config.toml /etc/profile.d/k8sops.sh /etc/hosts
  /etc/apt/sources.list.d/kubernetes.list /etc/apt/keyrings/kubernetes.asc /etc/kubernetes/kubelet.conf
  /var/lib/kubelet/config.yaml)
nproc
printf 'addr show\nroute show\n' | ip -o -batch -
dpkg-query -W -f '${Package} ${db:Status-Want} ${db:Status-Status} ${Version}\n' kubelet kubeadm kubectl containerd \
  conntrack ebtables ethtool iptables socat bash-completion systemd-timesyncd
stat -L -c '%04a %U:%G %.6Y %n' "${files[@]}"
sha256sum "${files[@]}"
systemctl show -p LoadState,ActiveState,UnitFileState,NeedDaemonReload,Id,ExecMainStartTimestamp kubelet containerd \
  systemd-timesyncd
export KUBECONFIG=/etc/kubernetes/admin.conf
if [ -f $KUBECONFIG ]; then
  kubectl get nodes -o yaml &
  kubectl get -n kube-flannel daemonsets,configmaps,serviceaccounts -o yaml &
  kubectl get -n kube-system secrets -o name &
  wait
fi
exit 0
