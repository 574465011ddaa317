"""Files on the operator's own machine."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from k8sops.errors import InputError, Where

LOCK_SECONDS = 5.0


def write_private(path: Path, text: str) -> None:
    """The file holds the text, 0600, and is on disk; replaced whole or not at all."""
    new = path.with_name(f".{path.name}.k8sops")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def replaced(path: Path, text: str) -> None:
    """The file holds the text; a link stays, and an existing file keeps its mode and owner. InputError if it cannot."""
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = target.stat() if target.exists() else None
        new = target.with_name(f".{target.name}.k8sops")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
            if before:
                # Under sudo the file would become root's, and its owner could not read it any more.
                with suppress(PermissionError):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
        new.replace(target)
    except (OSError, RuntimeError) as error:
        raise _cannot_write(path, error) from None


def refuse_read_only(path: Path) -> None:
    """InputError where `replaced` could not, or should not, write the file. Nothing is changed."""
    try:
        target = path.resolve()
        folder = next(one for one in target.parents if one.exists())
        mode = target.stat().st_mode if target.exists() else stat.S_IFREG | stat.S_IWUSR
    except (OSError, RuntimeError) as error:
        raise _cannot_write(path, error) from None
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file", where=Where(str(path)))
    if not mode & 0o222 or (target.exists() and not os.access(target, os.W_OK)):
        raise InputError("cannot be written: the file is read-only", where=Where(str(path)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"cannot be written: {folder} is read-only", where=Where(str(path)))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else who locks the file as kubectl does writes it meanwhile."""
    try:
        lock = path.resolve().with_name(f"{path.resolve().name}.lock")
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _take(lock)
    except (OSError, RuntimeError) as error:
        raise _cannot_write(path, error) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _take(lock: Path) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return
        except FileExistsError:
            if time.monotonic() > until:
                remedy = f"if no kubectl is running: rm {lock}"
                raise InputError(f"another program is writing it: {lock} exists", remedy=remedy) from None
            time.sleep(0.05)


def _cannot_write(path: Path, error: BaseException) -> InputError:
    why = getattr(error, "strerror", None) or str(error)
    return InputError(f"cannot be written: {why}", where=Where(str(path)))
