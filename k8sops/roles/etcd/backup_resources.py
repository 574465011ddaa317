"""Backups of etcd on control planes: taken, copied away, proven by restoring them."""

from __future__ import annotations

from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup import PATIENCE
from k8sops.roles.etcd.facts import words_of

HOOK_CONFIG = "/etc/k8sops/hook.curl"
S3_CONFIG_OF_RUN = "/run/k8sops-s3.curl"


def _scripts(spec: ClusterSpec, host: HostEntry) -> str:
    # The scripts check exit codes themselves.
    return f"set +e +o pipefail\n{words_of(spec, host)}\n{library('tools', 'backup', 'drill', 'copies', 'keep')}"


def taken(spec: ClusterSpec, host: HostEntry, name: str) -> Resource:
    """The backup of this name taken on this control plane: snapshot, PKI and configuration, manifest."""
    return Resource(
        id=f"etcd-backup:{name}",
        check=f"[ -f {quote(f'{spec.settings.backup.folder}/{name}.json')} ] || drift",
        apply=f"""{_scripts(spec, host)}
alone && take {quote(name)} && finished {quote(name)} && prune {quote(name)} || fail""",
        want=f"in {spec.settings.backup.folder}",
        deadline=PATIENCE,
    )


def copied(
    spec: ClusterSpec, host: HostEntry, name: str, to: str, *, encrypt_to: str, credentials: Secret | None
) -> Resource:
    """The backup copied to `to`, encrypted to `encrypt_to` if given; its manifest last."""
    manifest = quote(f"{spec.settings.backup.folder}/{name}.json")
    config = ""
    if credentials:
        # curl reads the credentials from a file that only root can read; in argv everybody could see them.
        config = f"""trap 'rm -f {S3_CONFIG_OF_RUN}' EXIT
printf 'user = "%s"\\n' "${credentials.variable}" | put_file {S3_CONFIG_OF_RUN} 0600 root:root
S3_CONFIG={S3_CONFIG_OF_RUN}"""
    return Resource(
        id=f"etcd-copy:{to}",
        check=f"""[ -f {manifest} ] || unknown "the backup does not exist yet"
grep -qF {quote(f'"{to}"')} {manifest} || drift "not copied" """,
        apply=f"""{_scripts(spec, host)}
ENCRYPT_TO={quote(encrypt_to)}
{config}
alone && copy {quote(name)} {quote(to)} || fail""",
        want=f"{name}, {f'encrypted to {encrypt_to}' if encrypt_to else 'unencrypted'}",
        secrets=(credentials,) if credentials else (),
        deadline=PATIENCE,
    )


def verified(spec: ClusterSpec, host: HostEntry, name: str, *, since: str) -> Resource:
    """The drill of this backup passed, later than `since`: restored and compared with its manifest."""
    manifest = quote(f"{spec.settings.backup.folder}/{name}.json")
    return Resource(
        id=f"etcd-drill:{name}",
        check=f"""[ -f {manifest} ] || unknown {quote(f"no backup {name} on this host")}
last=$(sed -n 's/^  "drill": {{"at": "\\([^"]*\\)", "ok": true.*/\\1/p' {manifest})
[[ ! "$last" < {quote(since)} ]] || drift "last passed: ${{last:-never}}" """,
        apply=f"""{_scripts(spec, host)}
alone && drill {quote(name)} || fail""",
        want="restored in a scratch etcd and compared",
        deadline=PATIENCE,
    )
