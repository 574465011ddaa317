"""What a secret must never get into, looked at while k8sops runs: arguments and environments of processes, and files."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from conftest import Cluster

EVERYWHERE = "/bin /boot /etc /home /opt /root /run /srv /tmp /usr /var"
"""All that is a host's own: files, logs, the journal of systemd, what lies in memory below /run. Not the data of etcd,
which keeps what was deleted until it is compacted."""


@contextmanager
def sampling(pause: float = 0.02) -> Iterator[set[str]]:
    """All arguments and environments of processes that were seen meanwhile, on this machine and so in the lab's hosts."""
    seen: set[str] = set()
    over = Event()

    def sample() -> None:
        while not over.wait(pause):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        seen.add((process / name).read_bytes().decode(errors="replace"))
                    except OSError:
                        # It has ended since.
                        continue

    thread = Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(10)


def forms(values: Iterable[str]) -> list[str]:
    """Each value as it is, and as base64 shows it at each of the three offsets, less the letters that depend on others."""
    found = []
    for value in values:
        encoded = (base64.b64encode(b"\0" * at + value.encode()).decode().rstrip("=") for at in range(3))
        found += [value, *(text[-(-at * 4 // 3) : -1] for at, text in enumerate(encoded))]
    return found


def in_files(folders: Iterable[Path], values: Iterable[str]) -> list[str]:
    """The files of this machine that hold one of these values."""
    wanted, found = [one.encode() for one in forms(values)], []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            # Another test's, which is over.
            continue
        found += [f"{path}: {one.decode()}" for one in wanted if one in text]
    return found


def on_host(hosts: Cluster, host: str, values: Iterable[str], but: str = "/nowhere") -> str:
    """The files of a host, logs and all, that hold one of these values; those whose path matches `but` are passed over."""
    patterns = "\n".join(forms(values)) + "\n"
    # The patterns reach grep on stdin, so that no file and no argument of the search itself holds them.
    argv = ["docker", "exec", "-i", f"k8sops-{hosts.name}-{host}", "bash", "-c"]
    script = f"grep -raFl -f /dev/stdin --exclude-dir=containerd --exclude-dir=overlay2 --exclude-dir=etcd {EVERYWHERE} 2>/dev/null | grep -vE '{but}' || true"
    return subprocess.run([*argv, script], input=patterns, text=True, capture_output=True, check=True).stdout
