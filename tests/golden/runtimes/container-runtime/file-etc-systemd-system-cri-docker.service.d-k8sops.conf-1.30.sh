# container-runtime: file:/etc/systemd/system/cri-docker.service.d/k8sops.conf
# case 1.30, host w2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/cri-docker.service.d/k8sops.conf
file_holds /etc/systemd/system/cri-docker.service.d/k8sops.conf 66c69daa9c21950090969a2b77f2001e8fb36e91ca370ef18de6915952311e50 0644 root root
}

apply() {
printf %s '# Written by k8sops: the pause image is the one of this Kubernetes version, networks are CNI'"'"'s.
[Service]
ExecStart=
ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.9
' | put_file /etc/systemd/system/cri-docker.service.d/k8sops.conf 0644 root:root
}
