"""A restore of etcd, step by step; every check tells where a control plane stands, so that one that died goes on."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.etcd import library

CURRENT = "/var/lib/k8sops/restore/current"
TOOLS = library("tools", "backup", "drill", "restore")
API_PARTS = "kube-apiserver kube-controller-manager kube-scheduler"


def backup_there(backup: str, *, folder: str, whence: str) -> Resource:
    """The backup's files lie on this host, whole: the snapshot has the hash that its manifest and its end say."""
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
    """The snapshot is of this cluster and of this etcd's minor, and there is room for it beside the old data.

    `spare`: bytes wanted beside its own.
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
    """This host remembers which restore is under way, until the last play."""
    return Resource(
        id="restore:under-way",
        check=f"""{TOOLS}
[ "$(cat {CURRENT} 2>/dev/null; echo .)" = {quote(note + ".")} ] && exit 0
restored_with {quote(restore)} || drift""",
        apply=f"printf %s {quote(note)} | put_file {CURRENT} 0600 root:root",
        want=note,
    )


def control_plane_stopped(done: str) -> Resource:
    """No API server and no etcd of the cluster runs here, until its data are in place: `done`, in shell."""
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
    """The data of this host's etcd is the snapshot, with the members of the restore; the old data are kept beside."""
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
    """The data of this host's etcd are what they were before this restore; those of the restore are kept beside."""
    return Resource(
        id="etcd:back",
        check=f"{TOOLS}\n! goes_back {quote(restore)} || drift",
        apply=f"{TOOLS}\nback_data {quote(restore)}",
        want=f"member-before-{restore}; the restored data as member-restored-{restore}",
        risk="delete",
    )


def etcd_started(ready: str) -> Resource:
    """etcd runs on the data that are in place (`ready`, in shell), and a quorum of its members agrees."""
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
    """The API server of this host is ready, and what belongs to it is wanted by kubelet."""
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
    """kubelets and controllers speak to the API that `after` brought: their leases there are fresh."""
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
    """kubelet was started later than that (an id of a restore): where revisions have gone back, its watches hang."""
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
    """What runs in kube-system and on every node was started anew: where revisions have gone back, watches hang."""
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
    """No restore is under way on this host."""
    return Resource(
        id="restore:finished",
        check=f"[ ! -e {CURRENT} ] || drift",
        apply=f"rm -f {CURRENT}\nrmdir /var/lib/k8sops/restore/stopped/manifests 2>/dev/null || true",
        want="no restore in progress",
        after=("restore:under-way",),
    )
