# container-runtime: file:/etc/systemd/system/cri-docker.service.d/k8sops.conf
# case 1.37, host w2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/cri-docker.service.d/k8sops.conf
file_holds /etc/systemd/system/cri-docker.service.d/k8sops.conf af6bf686dea582bbc0a7e1ea9a8e0543890bfb676690790d053ad6f0a797c7ec 0644 root root
}

apply() {
printf %s '# Written by k8sops: the pause image is the one of this Kubernetes version, networks are CNI'"'"'s.
[Service]
ExecStart=
ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.10.2
' | put_file /etc/systemd/system/cri-docker.service.d/k8sops.conf 0644 root:root
}
