"""All backups of a cluster: where they are, and how they are listed."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from k8sops.engine.host import Host
from k8sops.engine.session import Session
from k8sops.engine.shell import envelope, new_mark, parse_line, quote
from k8sops.errors import HostError, InputError
from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup import Manifest, newest_first, parse

Found = Iterable[tuple[str, Manifest]]
"""(place, manifest) pairs; a place is a control plane, a URL or a folder."""


def on_hosts(connect: Callable[[str], Host], spec: ClusterSpec) -> tuple[list[tuple[str, Manifest]], dict[str, str]]:
    """The backups on all control planes, and the errors of control planes that failed."""
    folder = quote(spec.settings.backup.folder)
    body = f'for one in {folder}/*.json; do [ ! -f "$one" ] || {{ mark manifest; cat "$one"; }}; done; mark end'

    def one(name: str) -> list[tuple[str, Manifest]]:
        mark = new_mark()
        result = connect(name).run(envelope(mark, [body]))
        if not result.ok:
            raise HostError(name, f"cannot list its backups: {result.err.strip()}")
        return [(name, manifest) for manifest in _manifests(mark, result.out) if manifest.cluster == spec.cluster]

    answers = Session(connect, lambda event: None).each([host.name for host in spec.control_planes], one)
    failed = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    # Unreachable hosts are listed like other places that cannot be read.
    silent = {name: why.removeprefix(f"{name}: ") for name, why in failed.items()}
    return [pair for answer in answers.values() if not isinstance(answer, HostError) for pair in answer], silent


def _manifests(mark: str, out: str) -> list[Manifest]:
    texts: list[list[str]] = []
    for line in out.splitlines():
        if parse_line(mark, line):
            texts.append([])
        elif texts:
            texts[-1].append(line)
    found = []
    for text in texts:
        try:
            found.append(parse("\n".join(text).strip() + "\n"))
        except InputError:
            continue
    return found


def list_data(cluster: str, found: Found, silent: Mapping[str, str]) -> dict[str, Any]:
    """The list as JSON data; times in ISO 8601, sizes in bytes."""
    items = [
        {
            "name": one.name,
            "place": where,
            "at": one.at.isoformat(),
            "size": one.size,
            "revision": one.revision,
            "etcd": one.etcd,
            "encryptedTo": one.encrypted_to,
            "drill": one.drill,
            "copies": list(one.copies),
        }
        for where, one in in_order(found)
    ]
    head = {"apiVersion": "k8sops/v1", "kind": "BackupList", "cluster": cluster}
    return {**head, "items": items, "unreachable": dict(silent)}


def in_order(found: Found) -> list[tuple[str, Manifest]]:
    """The newest first."""
    return newest_first(found, lambda pair: pair[1].moment)


def tools_of(connect: Callable[[str], Host], spec: ClusterSpec, version: str, folder: Path) -> None:
    """Copy etcd, etcdctl and etcdutl of this version from a control plane to a folder on this machine."""
    body = [library("tools"), "etcd_tools || exit 1", f'[ "$(etcd_version)" = {quote(version)} ] || exit 2']
    tried = []
    for host in spec.control_planes:
        with TemporaryDirectory(prefix=".new-", dir=_made(folder.parent)) as name:
            archive = Path(name) / "tools.tar"
            with archive.open("wb") as file:
                try:
                    script = envelope(new_mark(), [*body, 'tar --create --file=- -C "$ETCD_BIN" .'])
                    result = connect(host.name).stream(script, sink=file.write, timeout=600)
                except HostError as error:
                    tried.append(str(error))
                    continue
            if result.code == 2:
                tried.append(f"{host.name} runs another version of etcd")
                continue
            if not result.ok:
                tried.append(f"{host.name}: {result.err.strip()}")
                continue
            with tarfile.open(archive) as tar:
                tar.extractall(Path(name) / "bin", filter="data")
            (Path(name) / "bin").replace(folder)
            return
    what = f"OtherVersion: cannot get the tools of etcd {version}: {'; '.join(tried)}"
    raise InputError(what, remedy="use --tools FOLDER with etcd, etcdctl and etcdutl of that version")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
