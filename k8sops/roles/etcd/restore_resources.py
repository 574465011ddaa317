"""A restore of etcd, step by step; checks find the progress of each control plane, so a restore can be resumed."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.etcd import library

CURRENT = "/var/lib/k8sops/restore/current"
TOOLS = library("tools", "backup", "drill", "restore")
API_PARTS = "kube-apiserver kube-controller-manager kube-scheduler"


def backup_there(backup: str, *, folder: str, whence: str) -> Resource:
    """The backup's files on this host, undamaged: the snapshot matches the hashes in its manifest and at its end."""
    return Resource(
        id=f"backup:{backup}",
        check=f"""{TOOLS}
FOLDER={quote(folder)}
BACKUP={quote(backup)}
[ -f "$FOLDER/$BACKUP.json" ] || drift "not on this host"
files_whole "$BACKUP" && snapshot_whole "$FOLDER/$BACKUP.db" || drift "$FAILURE" """,
        apply="echo '`k8sops etcd restore` copies it to every control plane'\nexit 1",
        want=f"on this host, from {whence}",
    )


def restorable(restore: str, backup: str, *, folder: str, spare: int) -> Resource:
    """The snapshot fits this cluster and etcd's minor version, and there is disk space beside the old data.

    `spare`: bytes required in addition to its size.
    """
    return Resource(
        id="gate:restorable",
        check=f"""{TOOLS}
FOLDER={quote(folder)} FAILURE= SPARE={spare}
MANIFEST=$FOLDER/{quote(f"{backup}.json")}
restored_with {quote(restore)} && exit 0
[ -f "$MANIFEST" ] || drift "the backup is not on this host yet"
dir=$(standing "$(data_dir)")
same_cluster "$MANIFEST" && same_version "$MANIFEST" &&
  room "$dir" "$(value size "$MANIFEST")" || {{ echo "$FAILURE"; exit 12; }}""",
        apply=None,
        want="disk space for the restored data beside the old",
    )


def under_way(note: str, restore: str) -> Resource:
    """A record on this host of the restore in progress, until the last play."""
    return Resource(
        id="restore:under-way",
        check=f"""{TOOLS}
[ "$(cat {CURRENT} 2>/dev/null; echo .)" = {quote(note + ".")} ] && exit 0
restored_with {quote(restore)} || drift""",
        apply=f"printf %s {quote(note)} | put_file {CURRENT} 0600 root:root",
        want=note,
    )


def control_plane_stopped(done: str) -> Resource:
    """API server and etcd stopped on this host until the data is in place (`done`, in shell)."""
    return Resource(
        id="control-plane:stopped",
        check=f"""{TOOLS}
{done} && exit 0
has=$(stopped) || drift "$has" """,
        apply=f"{TOOLS}\nstop_all",
        want="etcd and API server stopped",
        settle=240,
        risk="restart",
    )


def data_restored(restore: str, backup: str, *, folder: str, name: str, peer: str, members: str, bump: int) -> Resource:
    """This host's etcd data restored from the snapshot, with the members of the restore; the old data is kept."""
    words = " ".join(map(quote, (restore, backup, name, peer, members, str(bump))))
    return Resource(
        id="etcd:restored",
        check=f"{TOOLS}\nrestored_with {quote(restore)} || drift",
        apply=f"{TOOLS}\nFOLDER={quote(folder)}\nrestore_data {words}",
        want=f"{backup}; the old data as member-before-{restore}",
        risk="delete",
        deadline=1800,
    )


def data_back(restore: str) -> Resource:
    """This host's etcd data from before the restore put back; the restored data is kept."""
    return Resource(
        id="etcd:rollback",
        check=f"{TOOLS}\n! goes_back {quote(restore)} || drift",
        apply=f"{TOOLS}\nback_data {quote(restore)}",
        want=f"member-before-{restore}; the restored data as member-restored-{restore}",
        risk="delete",
    )


def etcd_started(ready: str) -> Resource:
    """etcd started on the data in place (`ready`, in shell), with a healthy quorum."""
    return Resource(
        id="etcd:started",
        check=f"""{TOOLS}
{ready} || drift
has=$(started etcd) || drift "$has"
etcd_healthy || drift "etcd does not answer yet" """,
        apply=f"""{TOOLS}
moved "$RESTORE/stopped/manifests" "$MANIFESTS" etcd""",
        want="etcd answers",
        settle=240,
        risk="restart",
    )


def api_started(ready: str) -> Resource:
    """The API server of this host ready, and the manifests of its controllers back in place."""
    return Resource(
        id="api:started",
        check=f"""{TOOLS}
{ready} || drift
has=$(started {API_PARTS}) || drift "$has"
kubectl get --raw=/readyz --request-timeout=5s >/dev/null 2>&1 || drift "the API server does not answer yet" """,
        apply=f"""{TOOLS}
moved "$RESTORE/stopped/manifests" "$MANIFESTS" {API_PARTS}""",
        want="the API server is ready",
        settle=240,
        risk="restart",
    )


def caught_up(nodes: Sequence[str], *, after: str) -> Resource:
    """kubelets and controllers reconnected to the API that `after` started: their leases are fresh."""
    wanted = "\n".join(nodes)
    node_leases = '{{range .items}}{{.metadata.name}} {{.spec.renewTime}}{{"\\n"}}{{end}}'
    leases = "kube-controller-manager kube-scheduler"
    return Resource(
        id="gate:caught-up",
        check=f"""need_api
since=$(date -u -d '-30 seconds' +%FT%T)
has=$({{ kubectl -n kube-node-lease get leases -o go-template={quote(node_leases)}
  kubectl -n kube-system get leases {leases} -o go-template={quote(node_leases)}; }} |
  while read -r name at; do [[ $at < $since ]] || printf '%s\\n' "$name"; done) || exit 12
waiting=$(printf '%s\\n' {quote(wanted)} {leases} | grep -vxFf <(printf '%s\\n' "$has") || true)
[ -z "$waiting" ] || drift "no heartbeat yet: $(tr '\\n' ' ' <<<"$waiting")" """,
        apply=None,
        settle=240,
        want="fresh heartbeats of kubelets and controllers",
        after=(after,),
    )


def clients_restarted(since: str) -> Resource:
    """kubelet restarted after this time (an id of a restore): its watches hang if revisions have gone back."""
    at = f"{since[:4]}-{since[4:6]}-{since[6:8]} {since[9:11]}:{since[11:13]}:{since[13:15]} UTC"
    return Resource(
        id="kubelet:restarted",
        check=f"""has=$(systemctl show -P ExecMainStartTimestamp kubelet.service)
[ -n "$has" ] || exit 0
[ "$(date -d "$has" +%s)" -gt "$(date -d {quote(at)} +%s)" ] || drift "running since $has" """,
        apply="systemctl restart kubelet",
        want="started after the restore",
        settle=30,
        risk="restart",
    )


def pods_restarted(restore: str) -> Resource:
    """DaemonSets and CoreDNS restarted: their watches hang if revisions have gone back."""
    listing = "kubectl get daemonsets -A -o go-template="
    lines = "{{range .items}}{{.metadata.namespace}} {{.metadata.name}} "
    lines += '{{with .spec.template.metadata.annotations}}{{index . "k8sops.restore"}}{{end}}{{"\\n"}}{{end}}'
    patch = f'{{"spec":{{"template":{{"metadata":{{"annotations":{{"k8sops.restore":"{restore}"}}}}}}}}}}'
    return Resource(
        id="pods:restarted",
        check=f"""need_api
has=$({listing}{quote(lines)}) || exit 12
has=$(awk -v restore={quote(restore)} '$3 != restore' <<<"$has")
[ -z "$has" ] || drift "$has" """,
        apply=f"""{listing}{quote(lines)} | while read -r namespace name _; do
  kubectl -n "$namespace" patch daemonset "$name" -p {quote(patch)} </dev/null
done
kubectl -n kube-system rollout restart deployment/coredns""",
        want="every DaemonSet restarted after the restore",
        settle=10,
        risk="restart",
    )


def finished() -> Resource:
    """The record of the restore removed from this host."""
    return Resource(
        id="restore:finished",
        check=f"[ ! -e {CURRENT} ] || drift",
        apply=f"rm -f {CURRENT}\nrmdir /var/lib/k8sops/restore/stopped/manifests 2>/dev/null || true",
        want="no restore in progress",
        after=("restore:under-way",),
    )
