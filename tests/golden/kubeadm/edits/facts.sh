# edits: facts
# case bare, host cp1
GATES='' LIVING='{{range .items}}{{$name := .metadata.name}}{{if eq .kind "Node"}}more.living.node={{$name}} {{.metadata.creationTimestamp}} {{range .status.addresses}}{{if eq .type "InternalIP"}}{{.address}},{{end}}{{end}} {{range .spec.taints}}{{.key}}:{{.effect}},{{end}} {{with .metadata.annotations}}{{with index . "k8sops.io/declared"}}{{printf "%q" .}}{{end}}{{end}}{{"\n"}}{{else if or (eq $name "kubeadm-config") (eq $name "kube-proxy") (eq $name "kubelet-config")}}{{range $key, $text := .data}}{{if or (eq $key "ClusterConfiguration") (eq $key "kubelet") (eq $key "config.conf")}}more.living.{{$key}}={{printf "%q" $text}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
# include living.sh without comments
