"""The machine that the lab runs on: its packages, its folders, and how long things took on it before."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from k8sops.errors import K8sopsError
from k8sops.lab.progress import Say as Say
from k8sops.lab.progress import Ticker, minutes


class LabError(K8sopsError):
    """The lab could not be made; no host of a user is concerned."""

    exit_code = 3


def cache_dir() -> Path:
    """$XDG_CACHE_HOME/k8sops: what is costly to make and can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "k8sops"


def labs_dir() -> Path:
    """$XDG_STATE_HOME/k8sops/labs: keys and inventories of the labs that are up."""
    return Path(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")) / "k8sops" / "labs"


def data_dir() -> Path:
    """The folder lab/: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_data" / "lab"
    return inside if inside.is_dir() else package.parent / "lab"


def nameservers(
    configured: Path = Path("/etc/resolv.conf"), resolved: Path = Path("/run/systemd/resolve/resolv.conf")
) -> list[str]:
    """The name servers of this machine that lab hosts can reach too.

    A resolver on a loopback address is not one of them; behind systemd-resolved stand those in a file of its own.
    """
    for path in (configured, resolved):
        words = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        servers = [found[1] for found in words if found[:1] == ["nameserver"] and len(found) > 1]
        if reachable := [server for server in servers if server != "::1" and not server.startswith("127.")]:
            return reachable
    return []


def command(*argv: str, stdin: bytes | None = None, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a command prints; LabError with the last lines of its stderr when it fails."""
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env=env,
            check=False,
        )
    except FileNotFoundError:
        raise LabError(f"command not found: `{argv[0]}`", remedy="install it and start again") from None
    if done.returncode:
        last = "\n  ".join(done.stderr.decode(errors="replace").strip().splitlines()[-15:])
        raise LabError(f"`{' '.join(argv[:4])} …` ended with exit code {done.returncode}:\n  {last}")
    return done.stdout.decode(errors="replace")


def need(say: Say, **packages: str) -> None:
    """Each command (`_` for `-`) is there; packages of the missing ones are installed on Debian, as root."""

    def missing() -> list[str]:
        return sorted({package for name, package in packages.items() if not shutil.which(name.replace("_", "-"))})

    if not missing():
        return
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    if os.geteuid() or not shutil.which("apt-get"):
        raise LabError(f"the lab needs {', '.join(missing())}", remedy=f"as root: {' '.join([*install, *missing()])}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _locked("packages", say, "packages are being installed"):
        # Whoever was waited for may have installed them.
        if names := missing():
            with taking(say, f"installing {', '.join(names)}"):
                command("apt-get", "update", "-q", env=env)
                command(*install, *names, env=env)


@contextmanager
def alone(say: Say) -> Iterator[None]:
    """Nobody else makes or removes a lab on this machine: both would build the same things, ask for the same addresses,
    and list hosts that are on their way out."""
    with _locked("lab", say, "another lab is being made or removed"):
        yield


@contextmanager
def _locked(name: str, say: Say, what: str) -> Iterator[None]:
    """One process at a time; the others say what they wait for."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{what} on this machine; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def watched(*argv: str, on_line: Callable[[str], None], cwd: Path, env: dict[str, str]) -> None:
    """The command has ended well; each line of its stderr was passed on as it came. LabError with the last of them."""
    last: deque[str] = deque(maxlen=15)
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd, env=env, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            last.append(line.rstrip())
            on_line(line.rstrip())
    if process.returncode:
        lines = "\n  ".join(last)
        raise LabError(f"`{' '.join(argv[:4])} …` ended with exit code {process.returncode}:\n  {lines}")


@contextmanager
def taking(say: Say, what: str) -> Iterator[Ticker]:
    """Shows what is being done, for how long, and how long it took before; remembers how long it took now."""
    book = cache_dir() / "durations.json"
    known: dict[str, float] = json.loads(book.read_text()) if book.exists() else {}
    with Ticker(say, what, known.get(what)) as ticker:
        yield ticker
    known = json.loads(book.read_text()) if book.exists() else {}
    known[what] = round(ticker.seconds, 1)
    book.parent.mkdir(parents=True, exist_ok=True)
    new = book.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(known, indent=1, sort_keys=True))
    new.replace(book)
    if known[what] >= 2:
        say(f"{what}: done in {minutes(known[what])}")
