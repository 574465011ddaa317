# join-token: join-token
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
need_api
kubectl -n kube-system get secret bootstrap-token-abcdef >/dev/null 2>&1 || drift
}

apply() {
expires=$(date -u -d '+15 minutes' +%FT%TZ)
printf 'apiVersion: v1
kind: Secret
type: bootstrap.kubernetes.io/token
metadata: {name: bootstrap-token-abcdef, namespace: kube-system, labels: {app.kubernetes.io/managed-by: k8sops}}
stringData:
  description: k8sops join
  token-id: abcdef
  token-secret: %s
  expiration: %s
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
' "$SECRET_JOIN_TOKEN" "$expires" | kubectl apply -f -
}
