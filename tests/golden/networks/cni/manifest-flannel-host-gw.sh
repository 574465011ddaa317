# cni: manifest:flannel
# case host-gw, host cp1
# risk file; settle 5; deadline 300
check() {
ask_objects 'apiVersion: v1
kind: Namespace
metadata:
  name: kube-flannel
  labels:
    k8s-app: flannel
    pod-security.kubernetes.io/enforce: privileged
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: flannel, namespace: kube-flannel, labels: {k8s-app: flannel}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: flannel, labels: {k8s-app: flannel}}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get]}
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: flannel, labels: {k8s-app: flannel}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: flannel}
subjects:
- {kind: ServiceAccount, name: flannel, namespace: kube-flannel}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
data:
  cni-conf.json: |
    {"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}}, {"type": "portmap", "capabilities": {"portMappings": true}}]}
  net-conf.json: |
    {"Network": "10.32.0.0/16", "EnableNFTables": false, "Backend": {"Type": "host-gw"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
spec:
  selector: {matchLabels: {app: flannel}}
  template:
    metadata:
      labels: {app: flannel, tier: node}
      # A new configuration is read by new pods.
      annotations: {k8sops/configuration: 2f47f6ebba284af1}
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]
      hostNetwork: true
      priorityClassName: system-node-critical
      serviceAccountName: flannel
      # As kube-proxy does: a node whose taint evicts pods needs its network all the same.
      tolerations: [{operator: Exists}]
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1
        command: [cp, -f, /flannel, /opt/cni/bin/flannel]
        volumeMounts: [{name: cni-plugin, mountPath: /opt/cni/bin}]
      - name: install-cni
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [cp, -f, /etc/kube-flannel/cni-conf.json, /etc/cni/net.d/10-flannel.conflist]
        volumeMounts:
        - {name: cni, mountPath: /etc/cni/net.d}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
      containers:
      - name: kube-flannel
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [/opt/bin/flanneld, --ip-masq, --kube-subnet-mgr]
        resources: {requests: {cpu: 100m, memory: 50Mi}}
        securityContext: {privileged: false, capabilities: {add: [NET_ADMIN, NET_RAW]}}
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: EVENT_QUEUE_DEPTH, value: "5000"}
        # The node'"'"'s address: with several interfaces flannel would guess.
        - {name: FLANNELD_PUBLIC_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
        volumeMounts:
        - {name: run, mountPath: /run/flannel}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
        - {name: xtables-lock, mountPath: /run/xtables.lock}
      volumes:
      - {name: run, hostPath: {path: /run/flannel}}
      - {name: cni-plugin, hostPath: {path: /opt/cni/bin}}
      - {name: cni, hostPath: {path: /etc/cni/net.d}}
      - {name: flannel-cfg, configMap: {name: kube-flannel-cfg}}
      - {name: xtables-lock, hostPath: {path: /run/xtables.lock, type: FileOrCreate}}
'
hear_api
need_api
for one in 'Namespace -/kube-flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel'; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
noted() {
  local one want
  want="ec347a017be158adcc3526ceac904035c15c4adcd63cfba450a99c7faa6c62d4 $(fields_of 'Namespace -/kube-flannel' 'ServiceAccount kube-flannel/flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel' 'ConfigMap kube-flannel/kube-flannel-cfg' 'DaemonSet kube-flannel/kube-flannel-ds')"
  for one in 'Namespace -/kube-flannel' 'ServiceAccount kube-flannel/flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel' 'ConfigMap kube-flannel/kube-flannel-cfg' 'DaemonSet kube-flannel/kube-flannel-ds'; do [ "${OBJECT[$one]%%|*}" = "$want" ] || return 1; done
}
for one in 'Namespace -/kube-flannel' 'ServiceAccount kube-flannel/flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel' 'ConfigMap kube-flannel/kube-flannel-cfg' 'DaemonSet kube-flannel/kube-flannel-ds'; do [ -n "${OBJECT[$one]-}" ] || break; done
[ -z "${OBJECT[$one]-}" ] || ! noted || exit 0
kubectl get namespace kube-flannel >/dev/null 2>&1 || drift
text='apiVersion: v1
kind: Namespace
metadata:
  name: kube-flannel
  labels:
    k8s-app: flannel
    pod-security.kubernetes.io/enforce: privileged
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: flannel, namespace: kube-flannel, labels: {k8s-app: flannel}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: flannel, labels: {k8s-app: flannel}}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get]}
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: flannel, labels: {k8s-app: flannel}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: flannel}
subjects:
- {kind: ServiceAccount, name: flannel, namespace: kube-flannel}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
data:
  cni-conf.json: |
    {"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}}, {"type": "portmap", "capabilities": {"portMappings": true}}]}
  net-conf.json: |
    {"Network": "10.32.0.0/16", "EnableNFTables": false, "Backend": {"Type": "host-gw"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
spec:
  selector: {matchLabels: {app: flannel}}
  template:
    metadata:
      labels: {app: flannel, tier: node}
      # A new configuration is read by new pods.
      annotations: {k8sops/configuration: 2f47f6ebba284af1}
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]
      hostNetwork: true
      priorityClassName: system-node-critical
      serviceAccountName: flannel
      # As kube-proxy does: a node whose taint evicts pods needs its network all the same.
      tolerations: [{operator: Exists}]
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1
        command: [cp, -f, /flannel, /opt/cni/bin/flannel]
        volumeMounts: [{name: cni-plugin, mountPath: /opt/cni/bin}]
      - name: install-cni
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [cp, -f, /etc/kube-flannel/cni-conf.json, /etc/cni/net.d/10-flannel.conflist]
        volumeMounts:
        - {name: cni, mountPath: /etc/cni/net.d}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
      containers:
      - name: kube-flannel
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [/opt/bin/flanneld, --ip-masq, --kube-subnet-mgr]
        resources: {requests: {cpu: 100m, memory: 50Mi}}
        securityContext: {privileged: false, capabilities: {add: [NET_ADMIN, NET_RAW]}}
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: EVENT_QUEUE_DEPTH, value: "5000"}
        # The node'"'"'s address: with several interfaces flannel would guess.
        - {name: FLANNELD_PUBLIC_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
        volumeMounts:
        - {name: run, mountPath: /run/flannel}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
        - {name: xtables-lock, mountPath: /run/xtables.lock}
      volumes:
      - {name: run, hostPath: {path: /run/flannel}}
      - {name: cni-plugin, hostPath: {path: /opt/cni/bin}}
      - {name: cni, hostPath: {path: /etc/cni/net.d}}
      - {name: flannel-cfg, configMap: {name: kube-flannel-cfg}}
      - {name: xtables-lock, hostPath: {path: /run/xtables.lock, type: FileOrCreate}}
'
# Where one kind is not known to the API yet, it answers for none, and says so.
has=$(kubectl get -f - --ignore-not-found -o name <<<"$text" 2>&1)
count=$(grep -cE '^[^ ]+/[^ ]+$' <<<"$has")
[ "$count" -ge 6 ] || {
  grep -o 'no matches for kind.*' <<<"$has"
  drift "$count of 6 objects found"
}
code=0; diff=$(kubectl diff --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text" 2>&1) || code=$?
case $code in
0) : ;;
1) drift "$diff" ;;
*) printf '%s\n' "$diff"; exit 12 ;;
esac
}

apply() {
text='apiVersion: v1
kind: Namespace
metadata:
  name: kube-flannel
  labels:
    k8s-app: flannel
    pod-security.kubernetes.io/enforce: privileged
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: flannel, namespace: kube-flannel, labels: {k8s-app: flannel}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: flannel, labels: {k8s-app: flannel}}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get]}
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: flannel, labels: {k8s-app: flannel}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: flannel}
subjects:
- {kind: ServiceAccount, name: flannel, namespace: kube-flannel}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
data:
  cni-conf.json: |
    {"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}}, {"type": "portmap", "capabilities": {"portMappings": true}}]}
  net-conf.json: |
    {"Network": "10.32.0.0/16", "EnableNFTables": false, "Backend": {"Type": "host-gw"}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel, labels: {k8s-app: flannel, tier: node}}
spec:
  selector: {matchLabels: {app: flannel}}
  template:
    metadata:
      labels: {app: flannel, tier: node}
      # A new configuration is read by new pods.
      annotations: {k8sops/configuration: 2f47f6ebba284af1}
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]
      hostNetwork: true
      priorityClassName: system-node-critical
      serviceAccountName: flannel
      # As kube-proxy does: a node whose taint evicts pods needs its network all the same.
      tolerations: [{operator: Exists}]
      initContainers:
      - name: install-cni-plugin
        image: ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1
        command: [cp, -f, /flannel, /opt/cni/bin/flannel]
        volumeMounts: [{name: cni-plugin, mountPath: /opt/cni/bin}]
      - name: install-cni
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [cp, -f, /etc/kube-flannel/cni-conf.json, /etc/cni/net.d/10-flannel.conflist]
        volumeMounts:
        - {name: cni, mountPath: /etc/cni/net.d}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
      containers:
      - name: kube-flannel
        image: ghcr.io/flannel-io/flannel:v0.26.7
        command: [/opt/bin/flanneld, --ip-masq, --kube-subnet-mgr]
        resources: {requests: {cpu: 100m, memory: 50Mi}}
        securityContext: {privileged: false, capabilities: {add: [NET_ADMIN, NET_RAW]}}
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: EVENT_QUEUE_DEPTH, value: "5000"}
        # The node'"'"'s address: with several interfaces flannel would guess.
        - {name: FLANNELD_PUBLIC_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
        volumeMounts:
        - {name: run, mountPath: /run/flannel}
        - {name: flannel-cfg, mountPath: /etc/kube-flannel/}
        - {name: xtables-lock, mountPath: /run/xtables.lock}
      volumes:
      - {name: run, hostPath: {path: /run/flannel}}
      - {name: cni-plugin, hostPath: {path: /opt/cni/bin}}
      - {name: cni, hostPath: {path: /etc/cni/net.d}}
      - {name: flannel-cfg, configMap: {name: kube-flannel-cfg}}
      - {name: xtables-lock, hostPath: {path: /run/xtables.lock, type: FileOrCreate}}
'
kubectl apply --server-side --field-manager=k8sops --force-conflicts -f - <<<"$text"

ask_objects "$text"; hear_api
for one in 'Namespace -/kube-flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel'; do
  [ -n "${OBJECT[$one]-}" ] || OBJECT[$one]=${OBJECT[${one%% *} default/${one##*/}]-}
done
for one in 'Namespace -/kube-flannel' 'ServiceAccount kube-flannel/flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel' 'ConfigMap kube-flannel/kube-flannel-cfg' 'DaemonSet kube-flannel/kube-flannel-ds'; do [ -n "${OBJECT[$one]-}" ] || exit 0; done
kubectl annotate --overwrite --field-manager=k8sops-note -f - <<<"$text" \
  "k8sops.io/applied=ec347a017be158adcc3526ceac904035c15c4adcd63cfba450a99c7faa6c62d4 $(fields_of 'Namespace -/kube-flannel' 'ServiceAccount kube-flannel/flannel' 'ClusterRole -/flannel' 'ClusterRoleBinding -/flannel' 'ConfigMap kube-flannel/kube-flannel-cfg' 'DaemonSet kube-flannel/kube-flannel-ds')" >/dev/null
}
