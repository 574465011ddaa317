# health: report:health
# case bare, host cp1
# risk file; settle 0
check() {
# include health.sh without comments
ask_nodes
ask_health
ask_objects '{apiVersion: v1, kind: ConfigMap, metadata: {namespace: kube-system, name: kubeadm-config}}' '{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-system, name: kube-proxy}}' '{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: kube-system, name: coredns}}'
hear_api
if can_ask_api && api_answers; then tell_health 'ConfigMap kube-system/kubeadm-config' 'DaemonSet kube-system/kube-proxy' 'Deployment kube-system/coredns'; fi
}
