"""Backups copied from control planes to this machine, and copies elsewhere that this machine reads."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from k8sops.engine.host import Host
from k8sops.engine.localfile import write_private
from k8sops.engine.shell import envelope, new_mark, quote
from k8sops.errors import HostError, InputError, K8sopsError
from k8sops.inventory.references import resolve
from k8sops.inventory.spec import ClusterSpec
from k8sops.roles.etcd import library
from k8sops.roles.etcd.backup import PATIENCE, Manifest, newest, parse

LIBRARIES = ("tools", "backup", "drill", "copies", "keep")


class BackupError(K8sopsError):
    """A backup that is damaged or cannot be read; exit code 3."""

    exit_code = HostError.exit_code


def pull(host: Host, folder: str, name: str, into: Path, recipient: str | None = None) -> None:
    """Copy a backup from a control plane to the folder `into` on this machine, mode 0600, the manifest last.

    With a recipient it is encrypted before it leaves the host. It is streamed: only one block is in memory.
    """
    manifest = parse(_text(host, f"{folder}/{name}.json"), source=f"{name}.json on {host.name}")
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kind, wanted in (("db", manifest.sha256), ("tar", manifest.tar_sha256)):
        path = f"{folder}/{name}.{kind}"
        how = f"age -r {quote(recipient)} {quote(path)}" if recipient else f"cat {quote(path)}"
        target = into / f"{name}.{kind}{'.age' if recipient else ''}"
        size = None if recipient else manifest.size if kind == "db" else 0
        digest = _stream(host, how, target, tail=32 if kind == "db" else 0, size=size)
        if not recipient and digest != wanted:
            target.unlink()
            raise BackupError(f"the hash of {target.name} differs from its manifest", remedy="take another backup")
    text = manifest.text
    if recipient:
        text = text.replace('"encryptedTo": null', f'"encryptedTo": "{recipient}"')
    write_private(into / f"{name}.json", text)


def _text(host: Host, path: str) -> str:
    result = host.run(envelope(new_mark(), [f"cat {quote(path)}"]))
    if not result.ok or not result.out:
        raise BackupError(f"{host.name}: cannot read {path}: {result.err.strip()}")
    return result.out


def _stream(host: Host, command: str, target: Path, *, tail: int, size: int | None) -> str:
    """Write the output of the command to the file; returns the hash of all but the last `tail` bytes."""
    digest, held, count = hashlib.sha256(), b"", 0
    new = target.with_name(f".{target.name}.part")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:

            def take(chunk: bytes) -> None:
                nonlocal held, count
                file.write(chunk)
                count += len(chunk)
                held += chunk
                digest.update(held[: len(held) - tail])
                held = held[len(held) - tail :] if tail else b""

            result = host.stream(envelope(new_mark(), [f"{command} || exit 1"]), sink=take)
            file.flush()
            os.fsync(descriptor)
        if not result.ok:
            raise BackupError(f"{host.name}: cannot transfer {target.name}: {result.err.strip()[-300:]}")
        if size and count != size:
            raise BackupError(f"{target.name} is incomplete: {count} of {size} bytes", remedy="take another backup")
        new.replace(target)
    except OSError as error:
        raise BackupError(f"cannot write {target}: {error.strerror}") from None
    finally:
        new.unlink(missing_ok=True)
    return digest.hexdigest()


@dataclass(frozen=True)
class Place:
    """A place of copies (`s3://…`, `ssh://…` or a folder), read with this machine's bash and curl."""

    spec: ClusterSpec
    url: str
    scratch: Path

    def bash(self, *body: str, folder: Path | None = None, timeout: float = PATIENCE) -> str:
        """The output of these functions of the library; BackupError with the last line of stderr if they fail."""
        words = {
            "CLUSTER": self.spec.cluster,
            "MY_NODE": os.uname().nodename,
            "FOLDER": str(folder or self.scratch),
            "S3_ENDPOINT": self.spec.settings.backup.s3.endpoint or "",
            "S3_REGION": self.spec.settings.backup.s3.region,
            "S3_CONFIG": self._config(),
            "BACKUP_LOCK": str(self.scratch / "lock"),
            "ETCD_PKI": str(self.scratch / "pki"),
            "ETCD_BIN": str(self.scratch / "bin"),
        }
        head = [f"{name}={quote(value)}" for name, value in words.items()]
        script = envelope(new_mark(), [*head, library(*LIBRARIES), *body])
        done = subprocess.run(
            ["bash", "-s"], input=script, capture_output=True, text=True, check=False, timeout=timeout
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise BackupError(last, remedy=f"source: {self.url}")
        return done.stdout

    def _config(self) -> str:
        """Write the credentials to a file for curl; a folder needs none."""
        reference = self.spec.settings.backup.s3.credentials
        if not self.url.startswith("s3://") or not reference:
            return ""
        path = self.scratch / "s3.curl"
        if not path.exists():
            write_private(path, f'user = "{resolve(reference)}"\n')
        return str(path)

    def names(self) -> list[str]:
        return self.bash(f"names {quote(self.url)} || fail").split()

    def fetch(self, name: str) -> Path:
        self.bash(f"fetch {quote(self.url)} {quote(name)} {quote(str(self.scratch))} || fail")
        return self.scratch / name

    def manifest(self, name: str) -> Manifest:
        text = self.fetch(f"{name}.json").read_text(encoding="utf-8", errors="replace")
        found = parse(text, source=f"{self.url}/{name}.json")
        if found.name != name:
            raise InputError(f"{self.url}/{name}.json is the manifest of another backup, {found.name}")
        return found

    def manifests(self) -> list[Manifest]:
        """All manifests that can be read; damaged ones are skipped."""
        found = []
        for name in self.names():
            try:
                found.append(self.manifest(name))
            except (InputError, BackupError):
                continue
        return [one for one in found if one.cluster == self.spec.cluster]

    def find(self, name: str) -> Manifest:
        """The manifest of this name, or the newest if none is given."""
        if name:
            return self.manifest(name)
        found = newest(self.manifests())
        if not found:
            raise InputError(f"no backup of {self.spec.cluster} at {self.url}")
        return found

    def take(self, manifest: Manifest, identity: Path | None) -> None:
        """Fetch the files of the backup into the scratch folder, decrypted."""
        for file in manifest.files[:2]:
            at = self.fetch(file)
            if at.suffix == ".age":
                self._decrypt(at, identity)

    def _decrypt(self, at: Path, identity: Path | None) -> None:
        if identity is None:
            raise InputError(f"{at.name} is encrypted", remedy="decrypt it with --identity KEYFILE")
        plain = at.with_suffix("")
        argv = ["age", "--decrypt", "--identity", str(identity), "--output", str(plain), str(at)]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise InputError("age is not installed on this machine", remedy="apt install age") from None
        if done.returncode:
            why = done.stderr.strip().splitlines()[0] if done.stderr.strip() else ""
            kind = "OtherKey" if "no identity matched" in why else "NotDecrypted"
            raise BackupError(f"{kind}: {at.name} cannot be decrypted with {identity}: {why}")
        at.unlink()


@contextmanager
def place(spec: ClusterSpec, url: str) -> Iterator[Place]:
    """The place, with its own scratch folder (below TMPDIR), which is removed at the end."""
    with TemporaryDirectory(prefix="k8sops-") as name:
        yield Place(spec, url, Path(name))


def elsewhere(spec: ClusterSpec, urls: Sequence[str]) -> tuple[list[tuple[str, Manifest]], dict[str, str]]:
    """(place, manifest) of all copies at these places, and the errors of places that cannot be read."""
    found: list[tuple[str, Manifest]] = []
    silent: dict[str, str] = {}
    for url in urls:
        try:
            with place(spec, url) as one:
                found += [(url, manifest) for manifest in one.manifests()]
        except K8sopsError as error:
            silent[url] = str(error)
    return found, silent
