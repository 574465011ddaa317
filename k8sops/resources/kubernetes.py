"""What the API holds: objects of manifests, nodes that are Ready, roll-outs that have ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote


def named(name: str) -> str:
    """The object of this name (`Deployment kube-system/coredns`), as YAML by which kubectl finds it."""
    kind, _, rest = name.partition(" ")
    namespace, _, name = rest.partition("/")
    group = "v1" if kind == "ConfigMap" else "apps/v1"
    return f"{{apiVersion: {group}, kind: {kind}, metadata: {{namespace: {namespace}, name: {name}}}}}"


CRD = "CustomResourceDefinition"


def manifest(name: str, text: str, *, objects: Sequence[str]) -> Resource:
    """These objects in the API, by server-side apply (KEP-555).

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
    """Each of these nodes Ready; waited for, never forced.

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
    """kube-controller-manager and kube-scheduler have live leaders.

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
    """The rollout of this Deployment or DaemonSet complete; waited for.

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
  drift "{name} $available/$wanted available, $updated/$wanted updated, $there total" """,
        apply=None,
        settle=seconds,
        want=f"{name} has rolled out",
        after=tuple(after),
        asks=(("objects", named(one)), *((("nodes",),) if nodes else ())),
    )


def replicas(namespace: str, name: str, *, at_least: int) -> Resource:
    """This Deployment not scaled to 0. Any other number of replicas is left alone, and so is a missing Deployment."""
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
