# container-runtime: file:/etc/systemd/system/cri-docker.service.d/k8sops.conf
# case 1.24, host w2
# risk file; settle 0; deadline 300
check() {
ask_file /etc/systemd/system/cri-docker.service.d/k8sops.conf
file_holds /etc/systemd/system/cri-docker.service.d/k8sops.conf 8f3de14ab9634836b188d1dd04215e4851e0c358c06167a077ec043cf960a7e5 0644 root root
}

apply() {
printf %s '# Written by k8sops: the pause image is the one of this Kubernetes version, networks are CNI'"'"'s.
[Service]
ExecStart=
ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.7
' | put_file /etc/systemd/system/cri-docker.service.d/k8sops.conf 0644 root:root
}
