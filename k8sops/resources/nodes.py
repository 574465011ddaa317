"""Nodes as the scheduler sees them: cordoned, drained, uncordoned. All of it runs by kubectl on a control plane."""

from __future__ import annotations

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote

PODS = r"""{{range .items}}{{$kind := ""}}{{range .metadata.ownerReferences}}{{$kind = .kind}}{{end}}"""
PODS += r"""{{$mirror := ""}}{{range $k, $v := .metadata.annotations}}{{if eq $k "kubernetes.io/config.mirror"}}"""
PODS += r"""{{$mirror = "yes"}}{{end}}{{end}}{{if and (ne $kind "DaemonSet") (eq $mirror "")"""
PODS += r""" (ne .status.phase "Succeeded") (ne .status.phase "Failed")}}"""
PODS += r"""{{if .metadata.deletionTimestamp}}ending {{end}}{{.metadata.namespace}}/{{.metadata.name}}"""
PODS += r"""{{if eq $kind ""}} (no controller recreates it){{end}}{{"\n"}}{{end}}{{end}}"""
"""The pods that a drain evicts: not those of DaemonSets, not mirrors of static pods, not those that have ended."""
READY = '{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}'
STEP = 60
"""Seconds after which a running drain checks again whether the node is Ready."""
CORDONED = "k8sops.io/cordoned"
"""The annotation of a node that k8sops has cordoned, and may uncordon."""


def cordoned(name: str) -> Resource:
    """The node takes no new pods; whether k8sops has seen to that, it notes there before it does."""
    who = quote(name)
    return Resource(
        id=f"cordoned:{name}",
        check=f"""need_api
has=$(kubectl get node {who} -o go-template='{{{{.spec.unschedulable}}}}') || exit 12
[ "$has" = true ] || drift "it takes new pods" """,
        apply=f"kubectl annotate --overwrite node {who} {CORDONED}=true && kubectl cordon {who}",
        want="no new pods",
        transient=True,
        about=name,
    )


def drained(name: str, *, answers: bool, force: bool, seconds: int) -> Resource:
    """The node cordoned and drained, or no such node.

    Pods of a node without heartbeat never terminate: once they are being deleted, they are not waited for. That applies
    if the host is unreachable (`answers` is False), and if only its kubelet is: kubelet of a control plane uses the
    API server on its own host, which is down together with its etcd.
    """
    who = quote(name)
    how = f"--ignore-daemonsets --delete-emptydir-data{' --force' if force or not answers else ''}"
    listing = f"kubectl get pods -A --field-selector spec.nodeName={who} -o go-template={quote(PODS)}"
    there = f'[ -n "$(kubectl get node {who} --ignore-not-found -o name)" ]'
    ready = f'[ "$(kubectl get node {who} -o go-template={quote(READY)})" = True ]' if answers else "false"
    return Resource(
        id=f"drained:{name}",
        check=f"""need_api
{there} || exit 0
pods=$({listing}) || exit 12
{ready} || {{ echo "no heartbeat of its kubelet: not waiting for its pods"; pods=$(sed '/^ending /d' <<<"$pods"); }}
[ "$(kubectl get node {who} -o go-template='{{{{.spec.unschedulable}}}}')" = true ] && [ -z "$pods" ] && exit 0
drift "$(sed 's/^ending //; s/^/evicts: /' <<<"${{pods:-nothing}}")" """,
        apply=f"""until=$((SECONDS + {seconds}))
while :; do
  began=$SECONDS gone=() step=$((until - SECONDS))
  {ready} || gone=(--skip-wait-for-delete-timeout=10)
  [ $step -le {STEP} ] || step={STEP}
  ! kubectl drain {who} {how} --timeout=${{step}}s "${{gone[@]}}" || break
  # Refused at once, or out of time: what it said is the reason.
  [ $((SECONDS - began)) -ge $step ] && [ $SECONDS -lt $until ] || exit 1
done""",
        want="only pods of DaemonSets",
        settle=0 if answers else 60,
        risk="drain",
        about=name,
        deadline=seconds + 60,
    )


def uncordoned(name: str) -> Resource:
    """The node takes new pods, unless somebody other than k8sops has cordoned it."""
    who = quote(name)
    return Resource(
        id=f"uncordoned:{name}",
        check=f"""need_api
[ -z "${{NODE[{who}" annotate {CORDONED}=true"]-}}" ] || drift "cordoned by k8sops" """,
        apply=f"kubectl uncordon {who} && kubectl annotate node {who} {CORDONED}-",
        want="new pods",
        after=(f"cordoned:{name}",),
        about=name,
        asks=(("nodes",),),
    )
