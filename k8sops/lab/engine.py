"""The Docker engine that the lab's hosts run on; installed and started where none answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from k8sops.lab.machine import LabError, Say, cache_dir, command, need, taking

PID_FILE = Path("/var/run/docker.pid")


def docker(*args: str, stdin: bytes | None = None) -> str:
    """What `docker ARGS` prints; LabError with the engine's words when it fails."""
    return command("docker", *args, stdin=stdin)


def answers() -> bool:
    """Whether an engine answers."""
    if not shutil.which("docker"):
        return False
    return (
        subprocess.run(["docker", "info"], capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0
    )


def ensure_engine(say: Say) -> None:
    """A Docker engine answers: the one that is there, else Debian's docker.io, started by systemd or by hand."""
    if answers():
        return
    need(say, docker="docker.io", dockerd="docker.io", iptables="iptables")
    if answers():
        return
    if os.geteuid():
        raise LabError("Docker is not running", remedy="start it (systemctl start docker), or join the group docker")
    with taking(say, "starting the Docker engine"):
        if Path("/run/systemd/system").is_dir():
            command("systemctl", "start", "docker")
        else:
            _start_by_hand()
        for _ in range(60):
            if answers():
                return
            time.sleep(0.5)
    raise LabError("the Docker engine was started but does not answer", remedy=f"see {_log()}")


def _log() -> Path:
    return cache_dir() / "dockerd.log"


def runs(pid: str, program: str) -> bool:
    """Whether this process is alive and is this program; one that was killed and never waited for is neither."""
    try:
        return program.encode() in Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return False


def _start_by_hand() -> None:
    """dockerd as a process of its own session; the pid file of one that was killed is taken away first."""
    if PID_FILE.exists() and not runs(PID_FILE.read_text().strip(), "dockerd"):
        PID_FILE.unlink()
    _log().parent.mkdir(parents=True, exist_ok=True)
    with _log().open("ab") as log:
        subprocess.Popen(
            ["dockerd", "--storage-driver=overlay2"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def privileged_works() -> bool:
    """Whether the engine's machine has every capability and cgroup v2, so that hosts can be made as kind makes them."""
    bounding = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapBnd"))
    sys_resource = int(bounding.split()[1], 16) >> 24 & 1
    version = json.loads(docker("info", "--format", "{{json .CgroupVersion}}"))
    return bool(sys_resource) and str(version) == "2"
