"""Files between hosts, through this machine, never whole in its memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

from k8sops.engine.host import Host
from k8sops.engine.shell import envelope, new_mark, quote
from k8sops.errors import HostError

CHUNK = 1 << 20


def of_file(path: Path) -> Iterator[bytes]:
    """The content of a file of this machine, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def of_host(host: Host, path: str) -> Iterator[bytes]:
    """The content of a host's file as it arrives; OSError when it cannot be had to its end."""
    queue: Queue[bytes | Exception | None] = Queue(maxsize=16)

    def read() -> None:
        try:
            script = f"{{\nexec cat {quote(path)}\n}} </dev/null\n"
            result = host.stream(script, sink=queue.put)
            queue.put(None if result.ok else OSError(result.err.strip()))
        except HostError as error:
            queue.put(OSError(str(error)))

    Thread(target=read, daemon=True).start()
    while (piece := queue.get()) is not None:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def put(host: Host, path: str, content: Iterable[bytes]) -> None:
    """The file is on the host, 0600 in a folder of 0700, whole or not at all; HostError when it could not be put."""
    folder, _, name = path.rpartition("/")
    new = f"{folder}/.{name}.part"
    body = f"""set -e
install -d -m 0700 {quote(folder)}
umask 077
cat <&8 >{quote(new)} || {{ rm -f {quote(new)}; exit 1; }}
sync {quote(new)}
mv -fT {quote(new)} {quote(path)}"""
    result = host.stream(envelope(new_mark(), [body]), source=content)
    if not result.ok:
        raise HostError(host.name, f"cannot write {path}: {result.err.strip() or result.code}")
