"""What kubeadm and the API hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote
from k8sops.roles.etcd.upkeep import removing_members

CONFIG_DIR = "/etc/kubernetes/k8sops"
INITIALISED = f"{CONFIG_DIR}/initialised"
"""Written last, once `kubeadm init` or a control plane's join has finished."""

# A second start after a death in the middle finds what the first one left; kubeadm init itself goes over it again.
LEFT_BY_INIT = (
    "DirAvailable--etc-kubernetes-manifests,DirAvailable--var-lib-etcd,"
    "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml,"
    "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml,"
    "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml,"
    "FileAvailable--etc-kubernetes-manifests-etcd.yaml,"
    "Port-6443,Port-10250,Port-10257,Port-10259,Port-2379,Port-2380"
)


UNMARKED = f"""unmarked() {{
  local path
  [ ! -d {CONFIG_DIR} ] || return 0
  for path in /etc/kubernetes/manifests/{{kube-apiserver,kube-controller-manager,kube-scheduler,etcd}}.yaml \\
    /etc/kubernetes/{{admin,controller-manager,scheduler}}.conf /var/lib/etcd/member; do
    [ ! -e "$path" ] || printf '%s\\n' "$path"
  done
}}"""
"""A shell function that prints the files of a control plane that k8sops has not begun to make."""


def kubeadm_init(config: str, *, ignore: Sequence[str] = ()) -> Resource:
    """A control plane made by `kubeadm init` from this configuration, all its phases done.

    The file INITIALISED proves it, which is written last; `admin.conf` alone proves nothing, it exists long before.
    What is missing from a cluster that was finished, as kube-proxy where Cilium replaces it, is not an unfinished
    start. Where an API server's manifest lies there and the API is silent, the answer is
    "unknown", so that a live control plane is never initialised again because a question failed; a first start that
    died before the manifest was written is drift.
    """
    path = f"{CONFIG_DIR}/init.yaml"
    return Resource(
        id="kubeadm-init",
        check=f"""{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || drift "a cluster that k8sops did not create:"$'\n'"$files"
if [ -f {INITIALISED} ]; then
  missing= manifest=manifests/kube-apiserver.yaml
  [ -f "/etc/kubernetes/$manifest" ] || missing="$manifest control-plane apiserver"
  [ -f "$KUBECONFIG" ] || missing="admin.conf kubeconfig admin"
  [ -z "$missing" ] || {{
    echo "/etc/kubernetes/${{missing%% *}} is missing from a control plane that was finished before"
    echo "bring it back: kubeadm init phase ${{missing#* }} --config {path}"
    exit 12
  }}
fi
[ -f /etc/kubernetes/manifests/kube-apiserver.yaml ] || drift
[ -f "$KUBECONFIG" ] || drift "the configuration of the administrator is missing"
if ! api_answers; then
  [ -d /var/lib/etcd/member/snap ] && [ -f {INITIALISED} ] || drift "a first start was not finished"
  unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
fi
[ -f {INITIALISED} ] || drift "a first start was not finished" """,
        apply=f"""[ ! -f {CONFIG_DIR}/initialised ] || {{ echo 'was initialised before'; exit 1; }}
{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || {{ echo 'k8sops did not create this cluster, and does not touch it:' $files; exit 1; }}
mkdir -p {CONFIG_DIR}
printf %s {quote(config)} | put_file {path} 0600 root:root
systemctl is-active --quiet kubelet || systemctl reset-failed kubelet 2>/dev/null || true
timeout -k 10 600 kubeadm init --config {path} --skip-token-print \\
  --ignore-preflight-errors={",".join([LEFT_BY_INIT, *ignore])}
# kubeadm makes a token of 24 hours even where none is asked for; nothing joins with it.
kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name |
  while read -r token; do kubectl -n kube-system delete "$token"; done
date -u +%FT%TZ | put_file {CONFIG_DIR}/initialised 0644 root:root""",
        want=config,
        settle=120,
        deadline=660,
    )


def named(name: str) -> str:
    """The object of this name (`Deployment kube-system/coredns`), as YAML by which kubectl finds it."""
    kind, _, rest = name.partition(" ")
    namespace, _, name = rest.partition("/")
    group = "v1" if kind == "ConfigMap" else "apps/v1"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {{namespace: {namespace}, name: {name}}}}}"


def join_token(token_id: str, secret: Secret, *, ttl_minutes: int, nodes: Sequence[str]) -> Resource:
    """A bootstrap token of short life, made by k8sops for these joins (Secret type bootstrap.kubernetes.io/token).

    It goes through stdin of kubectl, never through argv.
    """
    name = f"bootstrap-token-{token_id}"
    text = f"""apiVersion: v1
kind: Secret
type: bootstrap.kubernetes.io/token
metadata: {{name: {name}, namespace: kube-system, labels: {{app.kubernetes.io/managed-by: k8sops}}}}
stringData:
  description: k8sops join
  token-id: {token_id}
  token-secret: %s
  expiration: %s
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
"""
    return Resource(
        id="join-token",
        check=f"need_api\nkubectl -n kube-system get secret {name} >/dev/null 2>&1 || drift",
        apply=f"""expires=$(date -u -d '+{ttl_minutes} minutes' +%FT%TZ)
printf {quote(text)} "${secret.variable}" "$expires" | kubectl apply -f -""",
        want=f"token of {ttl_minutes} minutes for {', '.join(nodes)}",
        secrets=(secret,),
    )


def no_join_tokens() -> Resource:
    """No bootstrap token and no uploaded certificates of k8sops are left."""
    query = "kubectl -n kube-system get secrets -l app.kubernetes.io/managed-by=k8sops -o name"
    return Resource(
        id="join-token-withdrawn",
        # A run that ends early comes here too: without a cluster there is nothing to withdraw.
        check=f'[ -f "$KUBECONFIG" ] || exit 0\nneed_api\nhas=$({query})\n[ -z "$has" ] || drift "a token is there"',
        apply=f'{query} | while read -r one; do kubectl -n kube-system delete --ignore-not-found "$one"; done',
        want="no token of k8sops is left",
        after=("join-token",),
    )


def uploaded_certificates(
    config: str, secrets: Mapping[str, Secret], *, run: str, nodes: Sequence[str], peers: Sequence[str]
) -> Resource:
    """The control plane's certificates lie in the cluster, encrypted with the key of this run, for those that join.

    A member of etcd that an earlier join left behind (`peers`, by its exact peer URL) is removed first: it would
    count against the quorum, and the host could not be added again. An etcd of the user's own has no such `peers`.
    """
    path = f"{CONFIG_DIR}/upload.yaml"
    label = f"kubectl -n kube-system get secret kubeadm-certs --ignore-not-found -o go-template={quote(RUN_LABEL)}"
    return Resource(
        id="control-plane-certificates",
        check=f'need_api\n[ "$({label})" = {run} ] || drift',
        apply=f"""{removing_members(peers) if peers else ""}
trap 'rm -f {path}' EXIT
{_with_secrets(config, secrets, path)}
kubeadm init phase upload-certs --upload-certs --config {path} >/dev/null
# kubeadm makes a token beside them, whose end is theirs; it is withdrawn with them.
owners=$(kubectl -n kube-system get secret kubeadm-certs -o go-template={quote(OWNERS)})
for one in kubeadm-certs $owners; do
  kubectl -n kube-system label --overwrite secret "$one" app.kubernetes.io/managed-by=k8sops k8sops.run={run}
done""",
        want=f"for {', '.join(nodes)}",
        secrets=tuple(secrets.values()),
    )


POD_PROCESSES = "{ find /sys/fs/cgroup/{,*/}kubepods* -name cgroup.procs -exec grep -hvx 0 {} + 2>/dev/null || :; }"
"""Shell words that print what runs in pods: kubelet keeps them below one cgroup, whatever their runtime does.

Below that of this host: pods of a cluster in containers, as kind makes them, lie deeper. 0 is what cannot be seen.
"""


def undoing_kubeadm(socket: str, *, seconds: int) -> str:
    """Shell lines after which nothing that `kubeadm init` or `join` made is left, and no pod runs.

    `kubeadm reset` only warns of containers that the runtime did not end in time, and goes on. A pod that outlives it
    is taken for its own by the kubelet of the next join, and will not do again what it has done once: flannel writes
    its configuration at its start. `seconds` is for one of two attempts.
    """
    units = "docker cri-docker" if "cri-dockerd" in socket else "containerd"
    reset = f"timeout -k 10 {seconds} kubeadm reset --force --cri-socket {quote(socket)}"
    return f"""systemctl start {units} || echo 'the container runtime does not start: pods are ended without it'
if type -P kubeadm >/dev/null; then
  # Its member of etcd is removed elsewhere, by its id: a cluster that is no more cannot be asked.
  reset=({reset} --skip-phases=remove-etcd-member)
  {{ "${{reset[@]}}" && [ -z "$({POD_PROCESSES})" ]; }} || "${{reset[@]}}"
fi
systemctl stop kubelet 2>/dev/null || true
for _ in {{1..20}}; do
  pids=$({POD_PROCESSES})
  [ -n "$pids" ] || break
  kill -9 $pids 2>/dev/null || true
  sleep 0.5
done
[ -z "$pids" ] || {{ echo 'these processes of pods cannot be ended:' $pids; exit 1; }}"""


OWNERS = "{{range .metadata.ownerReferences}}{{.name}} {{end}}"
RUN_LABEL = '{{with .metadata.labels}}{{index . "k8sops.run"}}{{end}}'


def _with_secrets(config: str, secrets: Mapping[str, Secret], path: str) -> str:
    """Shell lines that write the file, 0600, with each placeholder's secret in its place."""
    lines = [f"mkdir -p {CONFIG_DIR}", f"config={quote(config)}"]
    lines += [f'config=${{config//{placeholder}/"${secret.variable}"}}' for placeholder, secret in secrets.items()]
    return "\n".join([*lines, f'printf %s "$config" | put_file {path} 0600 root:root'])


def _masked(config: str, secrets: Mapping[str, Secret]) -> str:
    for placeholder in secrets:
        config = config.replace(placeholder, "***")
    return config


def kubeadm_join(config: str, secrets: Mapping[str, Secret], *, ignore: Sequence[str] = ()) -> Resource:
    """This host is a node of the cluster: its kubelet has a certificate signed by the cluster's CA.

    `secrets` are put into `config` where their placeholders stand; the file is removed after the join.
    """
    path = f"{CONFIG_DIR}/join.yaml"
    return Resource(
        id="kubeadm-join",
        check="""[ -f /etc/kubernetes/kubelet.conf ] && [ -f /var/lib/kubelet/config.yaml ] || drift
[ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] || drift "a join was not finished" """,
        apply=f"""trap 'rm -f {path}' EXIT
{_with_secrets(config, secrets, path)}
if [ -f /etc/kubernetes/kubelet.conf ] || [ -f /etc/kubernetes/bootstrap-kubelet.conf ]; then
  rm -f /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt
  systemctl stop kubelet
fi
timeout -k 10 300 kubeadm join --config {path} \\
  --ignore-preflight-errors={",".join(["DirAvailable--etc-kubernetes-manifests", "Port-10250", *ignore])}""",
        want=_masked(config, secrets),
        secrets=tuple(secrets.values()),
        settle=30,
        deadline=360,
    )


def control_plane_join(
    name: str, config: str, secrets: Mapping[str, Secret], *, socket: str, ignore: Sequence[str] = ()
) -> Resource:
    """This host is a control plane of the cluster, with an API server and a member of etcd of its own.

    A join that died in the middle is undone and begun anew; its member of etcd was removed when the certificates were
    uploaded. Where a join was finished and the API is silent, nothing is touched.
    """
    path = f"{CONFIG_DIR}/join.yaml"
    role = quote(f"{name} label node-role.kubernetes.io/control-plane=")
    return Resource(
        id="control-plane-join",
        check=f"""[ -f {CONFIG_DIR}/initialised ] || drift
api_answers || unknown "the API server does not answer; see: crictl ps -a, journalctl -u kubelet"
[ -n "${{NODE[{role}]-}}" ] || drift "the node is no control plane" """,
        apply=f"""[ ! -f {CONFIG_DIR}/initialised ] || {{ echo 'was a control plane before; reset it first'; exit 1; }}
{UNMARKED}
files=$(unmarked)
[ -z "$files" ] || {{ echo 'k8sops did not make this control plane, and does not touch it:' $files; exit 1; }}
if [ -e /var/lib/kubelet/pki/kubelet-client-current.pem ] && [ ! -e /etc/kubernetes/scheduler.conf ]; then
  # kubeadm writes scheduler.conf before kubelet starts, so this is no join of a control plane that died.
  echo 'this host is a worker of a cluster: k8sops reset {name}, then k8sops apply'
  exit 1
fi
if [ -e /etc/kubernetes/kubelet.conf ] || [ -e /etc/kubernetes/manifests ] || [ -e /var/lib/etcd/member ]; then
  echo 'an earlier join was not finished: it is undone first'
  {undoing_kubeadm(socket, seconds=60)}
  rm -rf /var/lib/etcd/member
fi
trap 'rm -f {path}' EXIT
{_with_secrets(config, secrets, path)}
timeout -k 10 600 kubeadm join --config {path} --ignore-preflight-errors={",".join(["Port-10250", *ignore])}
date -u +%FT%TZ | put_file {CONFIG_DIR}/initialised 0644 root:root""",
        want=_masked(config, secrets),
        secrets=tuple(secrets.values()),
        settle=120,
        deadline=780,
        asks=(("nodes",),),
    )


CRD = "CustomResourceDefinition"


def manifest(name: str, text: str, *, objects: Sequence[str]) -> Resource:
    """The API holds these objects as the text says, by server-side apply (KEP-555).

    `objects`: their names, as `ConfigMap kube-system/name`, or `Namespace -/name` for one that lies in none. Fields
    that others own are left alone. After an apply it is noted at each object what was applied, and which fields are
    ours since: a field that somebody else sets ceases to be, so where both still are as noted nothing has changed.
    In any other case the answer is that of `kubectl diff`. CustomResourceDefinitions are waited for, so that what comes
    next can use them. One that names no namespace may lie in `default`, which only the API can tell.
    """
    names = " ".join(map(quote, objects))
    crds = " ".join(quote("crd/" + one.rpartition("/")[2]) for one in objects if one.startswith(f"{CRD} "))
    established = f"kubectl wait --for=condition=Established {crds}"
    in_default = f"""for one in {" ".join(quote(one) for one in objects if " -/" in one)}; do
  [ -n "${{OBJECT[$one]-}}" ] || OBJECT[$one]=${{OBJECT[${{one%% *}} default/${{one##*/}}]-}}
done"""
    spaces = sorted({one.partition(" ")[2].partition("/")[0] for one in objects} - {"-"})
    there = "\n".join(f"kubectl get namespace {quote(one)} >/dev/null 2>&1 || drift" for one in spaces)
    how = "--server-side --field-manager=k8sops --force-conflicts"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Resource(
        id=f"manifest:{name}",
        check=f"""need_api
{in_default}
noted() {{
  local one want
  want="{digest} $(fields_of {names})"
  for one in {names}; do [ "${{OBJECT[$one]%%|*}}" = "$want" ] || return 1; done
}}
for one in {names}; do [ -n "${{OBJECT[$one]-}}" ] || break; done
[ -z "${{OBJECT[$one]-}}" ] || ! noted || exit 0
{there}
text={quote(text)}
# Where one kind is not known to the API yet, it answers for none, and says so.
has=$(kubectl get -f - --ignore-not-found -o name <<<"$text" 2>&1)
count=$(grep -cE '^[^ ]+/[^ ]+$' <<<"$has")
[ "$count" -ge {len(objects)} ] || {{
  grep -o 'no matches for kind.*' <<<"$has"
  drift "$count of {len(objects)} objects found"
}}
code=0; diff=$(kubectl diff {how} -f - <<<"$text" 2>&1) || code=$?
case $code in
0) {f"{established} --timeout=0 >/dev/null 2>&1 || drift 'not established'" if crds else ":"} ;;
1) drift "$diff" ;;
*) printf '%s\\n' "$diff"; exit 12 ;;
esac""",
        apply=f"""text={quote(text)}
kubectl apply {how} -f - <<<"$text"
{f"{established} --timeout=60s" if crds else ""}
ask_objects "$text"; hear_api
{in_default}
for one in {names}; do [ -n "${{OBJECT[$one]-}}" ] || exit 0; done
kubectl annotate --overwrite --field-manager=k8sops-note -f - <<<"$text" \\
  "k8sops.io/applied={digest} $(fields_of {names})" >/dev/null""",
        want=None,
        settle=5,
        asks=(("objects", text),),
    )


def nodes_ready(names: Sequence[str], *, started: Mapping[str, float] | None = None, seconds: int = 180) -> Resource:
    """Each of these nodes is Ready; waited for, never forced.

    `started`: when kubelet was last started (seconds since the epoch), of the hosts that this run has changed. The API
    goes on calling a node Ready for up to 50 s after its kubelet has died, so these must have renewed their leases.
    """
    times = " ".join(f"[{quote(name)}]={int(at)}" for name, at in sorted((started or {}).items()) if name in names)
    return Resource(
        id="gate:nodes-ready",
        check=f"""need_api
declare -A SINCE=({times}) HEARD=()
[ ${{#SINCE[@]}} = 0 ] || while read -r one at; do HEARD[$one]=$at; done < <(node_leases)
waiting=
for one in {" ".join(map(quote, names))}; do
  if [ -z "${{NODE[$one]-}}" ]; then
    echo "$one is not a node yet"
  elif [ -z "${{NODE[$one ready True]-}}" ]; then
    echo "$one NotReady: ${{NODE[$one because]-}}"
  elif [ -n "${{SINCE[$one]-}}" ] && [[ ${{HEARD[$one]-}} < $(utc "${{SINCE[$one]}}") ]]; then
    echo "$one: no heartbeat since its kubelet was restarted"
  else
    continue
  fi
  waiting=1
done
[ -z "$waiting" ] || drift""",
        apply=None,
        settle=seconds,
        want="Ready: " + ", ".join(names),
        after=DISTURBS_KUBELET,
        asks=(("nodes",),),
    )


DISTURBS_KUBELET = ("service:kubelet", "service:containerd", "service:docker", "service:cri-docker")
"""What restarts kubelet, or what it cannot work without."""


def leaders_alive(*, seconds: int = 120) -> Resource:
    """kube-controller-manager and kube-scheduler have leaders that are heard of.

    Without the first, all that the API says of nodes and roll-outs is out of date. Where leases are switched off
    there is nothing to go by.
    """
    return Resource(
        id="gate:leaders",
        check=f"""need_api
waiting= since=$(utc $((EPOCHSECONDS - {LEASE_SECONDS})))
for line in "${{HEALTH[@]}}"; do
  read -r word name at <<<"$line"
  [ "$word" = lease ] && [[ $at < $since ]] || continue
  echo "$name: no leader since $at"
  waiting=1
done
[ -z "$waiting" ] || drift""",
        apply=None,
        settle=seconds,
        want="the control plane's controllers have leaders",
        asks=(("health",),),
    )


LEASE_SECONDS = 60
"""After this long a leader that has not renewed its lease is dead: they renew it every 2 s, and lose it after 15."""


def rolled_out(
    kind: str,
    namespace: str,
    name: str,
    *,
    nodes: Sequence[str] = (),
    optional: bool = False,
    after: Sequence[str] = (),
    seconds: int = 180,
) -> Resource:
    """The newest form of this Deployment or DaemonSet runs everywhere it should; waited for.

    What counts is what `kubectl rollout status` counts, that pods are wanted at all, and, for a DaemonSet of all
    nodes, that they are wanted on as many as there are of `nodes`: one that has just joined is counted a moment later.
    `optional`: it may have been removed. `after`: ids of the resources whose change brings a newer form.
    """
    one = f"{kind} {namespace}/{name}"
    gone = "exit 0" if optional else f"drift {quote(name + ' not found')}"
    return Resource(
        id=f"gate:{kind.lower()}/{name}",
        check=f"""need_api
[ -n "${{OBJECT[{quote(one)}]-}}" ] || {{ ask_objects {quote(named(one))}; hear_api; }}
has=${{OBJECT[{quote(one)}]-}} has=${{has#*|}}
if [ -z "$has" ]; then
  if object_gone {quote(one)}; then {gone}; fi
  unknown "the API server does not answer"
fi
read -r newest seen wanted there updated available <<<"${{has%%|*}}"
[ "${{seen:-0}}" -ge "$newest" ] || drift "{name} rollout not started"
least=0
for node in {" ".join(map(quote, nodes))}; do [ -z "${{NODE[$node]-}}" ] || least=$((least + 1)); done
[ "$wanted" -ge $least ] || drift "{name} $wanted/$least scheduled"
[ "$wanted" -gt 0 ] || drift "{name} has 0 replicas"
[ "$there $updated $available" = "$wanted $wanted $wanted" ] ||
  drift "{name} $available/$wanted available, $updated/$wanted updated, $there in all" """,
        apply=None,
        settle=seconds,
        want=f"{name} has rolled out",
        after=tuple(after),
        asks=(("objects", named(one)), *((("nodes",),) if nodes else ())),
    )


def replicas(namespace: str, name: str, *, at_least: int) -> Resource:
    """This Deployment is not scaled to 0. Any other number is left alone, and so is one that is missing."""
    one = f"Deployment {namespace}/{name}"
    return Resource(
        id=f"replicas:{name}",
        check=f"""need_api
has=${{OBJECT[{quote(one)}]-}} has=${{has#*|}}
read -r _ _ wanted _ <<<"${{has%%|*}}"
[ "${{wanted:-1}}" != 0 ] || drift "{name} is scaled to 0" """,
        apply=f"kubectl -n {quote(namespace)} scale deployment {quote(name)} --replicas={at_least}",
        want=f"{at_least} replicas",
        settle=5,
        asks=(("objects", named(one)),),
    )
