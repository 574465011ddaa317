"""A control plane rebuilt from a backup: PKI and etcd data in place before `kubeadm init`."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.etcd.restore_resources import TOOLS
from k8sops.roles.kubeadm.facts import CONFIG_DIR

PKI = tuple(f"{name}.{kind}" for name in ("ca", "front-proxy-ca", "etcd/ca") for kind in ("crt", "key"))
SERVICE_ACCOUNTS = ("sa.key", "sa.pub")
"""The identity of the cluster; all other certificates are issued for the new hosts."""


def pki_seeded(backup: str, *, folder: str, more: Sequence[str] = ()) -> Resource:
    """The cluster's CAs, the keys of service accounts and the files `more`, from the backup."""
    paths = [*(f"/etc/kubernetes/pki/{one}" for one in PKI + SERVICE_ACCOUNTS), *more]
    return _seeded("pki:seeded", paths, backup, folder, f"the CAs and the keys of service accounts of {backup}")


def file_seeded(path: str, backup: str, *, folder: str) -> Resource:
    """The file from the backup, until the host has joined."""
    return _seeded(f"seeded:{path}", [path], backup, folder, f"as in {backup}")


def _seeded(id: str, files: Sequence[str], backup: str, folder: str, want: str) -> Resource:
    paths, tar = " ".join(map(quote, files)), quote(f"{folder}/{backup}.tar")
    return Resource(
        id=id,
        check=f"""[ ! -f {CONFIG_DIR}/initialised ] || exit 0
[ -f {tar} ] || drift "the backup is not on this host yet"
there=$(tar -tf {tar}) || exit 12
for path in {paths}; do
  grep -qxF "${{path#/}}" <<<"$there" || continue
  tar -xOf {tar} "${{path#/}}" | cmp -s - "$path" || drift "$path differs from the backup"
done""",
        # Names come from this list, never from the archive.
        apply=f"""mkdir -p {CONFIG_DIR}
there=$(tar -tf {tar})
for path in {paths}; do
  grep -qxF "${{path#/}}" <<<"$there" || {{ echo "the backup has no $path"; continue; }}
  mode=0600
  case $path in *.crt|*.pub) mode=0644 ;; esac
  tar -xOf {tar} "${{path#/}}" | put_file "$path" $mode root:root
done""",
        want=want,
    )


def data_seeded(
    restore: str, backup: str, *, folder: str, name: str, peer: str, bump: int, version: str, socket: str
) -> Resource:
    """etcd's data restored from the snapshot, with this host as its only member, by the tools of etcd's image."""
    words = " ".join(map(quote, (restore, backup, name, peer, f"{name}={peer}", str(bump))))
    return Resource(
        id="etcd:seeded",
        check=f"""[ ! -f {CONFIG_DIR}/initialised ] || exit 0
{TOOLS}
restored_with {quote(restore)} || drift""",
        apply=f"""mkdir -p {CONFIG_DIR}
{TOOLS}
FOLDER={quote(folder)} FAILURE=
images=$(kubeadm config images list --kubernetes-version v{version})
kubeadm config images pull --kubernetes-version v{version} --cri-socket {quote(socket)} >/dev/null
ETCD_IMAGE=$(grep /etcd: <<<"$images")
same_version "$FOLDER/"{quote(f"{backup}.json")} || {{ echo "$FAILURE"; exit 1; }}
restore_data {words}""",
        want=f"{backup}, with {name} as the only member",
        risk="delete",
        deadline=1800,
    )
