# What is asked of the API to say how a cluster is; it comes behind shell.sh, and health.py reads what it prints.
# shellcheck shell=bash disable=SC2015,SC2016,SC2034,SC2154
# ask_health [NAMESPACE…]: HEALTH, lines that health.py reads: pods of kube-system and of these namespaces that are not
# ready or were restarted, and all of the control plane; requests for kubelets' serving certificates; leaders' leases.
ask_health() {
  ! can_ask_api || exec {HEALTH_FD}< <(
    kubectl -n kube-system get pods,certificatesigningrequests,leases --request-timeout=10s \
      -o go-template="$HEALTH_LINES" 2>/dev/null
    for space; do
      kubectl -n "$space" get pods --request-timeout=10s -o go-template="$HEALTH_LINES" 2>/dev/null
    done
  )
}
HEALTH_LINES='{{range .items}}{{$n := .metadata.name}}{{if eq .kind "Pod"}}{{$n = printf "%s/%s" .metadata.namespace $n}}'
HEALTH_LINES+='{{$ready := "-"}}{{$since := .metadata.creationTimestamp}}{{$why := ""}}{{$plane := ""}}{{$died := ""}}'
HEALTH_LINES+='{{range .status.conditions}}{{if eq .type "Ready"}}{{$ready = .status}}{{$since = .lastTransitionTime}}{{end}}'
HEALTH_LINES+='{{if ne .status "True"}}{{with .message}}{{if not $why}}{{$why = .}}{{end}}{{end}}{{end}}{{end}}'
HEALTH_LINES+='{{with .metadata.labels}}{{if eq (printf "%v" .tier) "control-plane"}}{{$plane = "plane"}}{{end}}{{end}}'
HEALTH_LINES+='{{range .status.containerStatuses}}{{with .lastState}}{{with .terminated}}{{$died = "died"}}{{end}}{{end}}{{end}}'
HEALTH_LINES+='{{if or (ne $ready "True") $plane $died}}'
HEALTH_LINES+='pod {{$n}} {{or .spec.nodeName "-"}} {{.status.phase}} {{$ready}} {{$since}} '
HEALTH_LINES+='{{if .metadata.ownerReferences}}owned{{else}}-{{end}} {{if .metadata.deletionTimestamp}}ending{{else}}-{{end}} '
HEALTH_LINES+='{{printf "%q" $why}}{{"\n"}}'
HEALTH_LINES+='{{range .status.initContainerStatuses}}{{with .state}}{{with .waiting}}'
HEALTH_LINES+='wait {{$n}} {{or .reason "-"}} {{printf "%q" (or .message "")}}{{"\n"}}{{end}}{{end}}{{end}}'
HEALTH_LINES+='{{range .status.containerStatuses}}{{$count := .restartCount}}{{with .state}}{{with .waiting}}'
HEALTH_LINES+='wait {{$n}} {{or .reason "-"}} {{printf "%q" (or .message "")}}{{"\n"}}{{end}}{{end}}'
HEALTH_LINES+='{{with .lastState}}{{with .terminated}}'
HEALTH_LINES+='died {{$n}} {{$count}} {{or .finishedAt "-"}} {{or .reason "-"}} {{.exitCode}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
HEALTH_LINES+='{{else if eq .kind "Lease"}}{{if or (eq $n "kube-controller-manager") (eq $n "kube-scheduler")}}'
HEALTH_LINES+='lease {{$n}} {{or .spec.renewTime "-"}}{{"\n"}}{{end}}'
HEALTH_LINES+='{{else if eq .spec.signerName "kubernetes.io/kubelet-serving"}}'
HEALTH_LINES+='csr {{$n}} {{.spec.username}} {{.metadata.creationTimestamp}} {{if .status.conditions}}decided{{else}}pending{{end}}{{"\n"}}'
HEALTH_LINES+='{{end}}{{end}}'

# tell_health OBJECT…: prints HEALTH, and which of these objects are missing from the cluster. A kubelet whose serving
# certificate waits for approval is tried: with an older certificate it works all the same.
tell_health() {
  local line name user state object
  local -A tried=()
  printf 'now %s\n' "$EPOCHSECONDS"
  for line in "${HEALTH[@]}"; do
    printf '%s\n' "$line"
    case $line in csr\ *\ pending) read -r _ _ user _ state <<<"$line" ;; *) continue ;; esac
    name=${user#system:node:}
    [ -z "${tried[$name]-}" ] && [ ${#tried[@]} -lt 5 ] && [ -n "${NODE[$name]-}" ] || continue
    tried[$name]=1 state=works
    kubectl get --raw "/api/v1/nodes/$name/proxy/healthz" --request-timeout=5s >/dev/null 2>&1 || state=fails
    printf 'serving %s %s\n' "$name" $state
  done
  for object; do
    if ! object_gone "$object"; then continue; fi
    printf 'missing %s\n' "$object"
  done
  for object; do
    line=${OBJECT[$object]-}
    [ -z "$line" ] || { line=${line#*|}; printf 'object %s %s\n' "$object" "${line%%|*}"; }
  done
}
