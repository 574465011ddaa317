# container-runtime: file:/etc/systemd/system/docker.service.d/k8sops.conf
# case 1.19, host w2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/docker.service.d/k8sops.conf
file_holds /etc/systemd/system/docker.service.d/k8sops.conf 830db907f2c8a046ea08194915856c90338800a18536b72edf5547bc8ec5a371 0644 root root
}

apply() {
printf %s '# Written by k8sops. Docker sets the policy of FORWARD to DROP when it starts, which cuts pods off from each other.
[Service]
ExecStartPost=/usr/sbin/iptables -P FORWARD ACCEPT
' | put_file /etc/systemd/system/docker.service.d/k8sops.conf 0644 root:root
}
