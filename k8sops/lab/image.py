"""The image that lab hosts start from: Debian with systemd and sshd, bare of anything that k8sops brings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from k8sops.lab.engine import docker
from k8sops.lab.machine import LabError, Say, command, data_dir, need, taking

REPOSITORY = "k8sops-lab-host"
SUITE = "bookworm"


def digest(paths: Iterable[Path], *more: str) -> str:
    """Twelve hex digits that change with the content or the mode of any file, or with any further text."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        if path.is_file():
            total.update(f"{path.name}\0{path.stat().st_mode & 0o111:o}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def debian_sources() -> Path:
    """Where this machine gets Debian from: its own apt sources, which the image is built from."""
    for name in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
        if Path(name).exists():
            return Path(name)
    raise LabError("this machine has no apt sources of Debian", remedy="run the lab on Debian or Ubuntu")


def ensure_image(say: Say) -> str:
    """The tag of the host image; built when its inputs changed, or for the first time."""
    folder = data_dir() / "image"
    tag = f"{REPOSITORY}:{digest(folder.rglob('*'), SUITE)}"
    if docker("image", "ls", "-q", tag).strip():
        return tag
    need(say, mmdebstrap="mmdebstrap")
    with taking(say, "building the image of lab hosts"):
        archive = Path(command("mktemp", "-p", "/var/tmp", "k8sops-image.XXXXXXXX.tar").strip())
        try:
            include = ",".join((folder / "packages.txt").read_text().split())
            command(
                "mmdebstrap",
                "--variant=minbase",
                f"--include={include}",
                "--mode=auto",
                f"--customize-hook=sync-in {folder / 'root'} /",
                f"--customize-hook=copy-in {folder / 'finish'} /tmp",
                "--customize-hook=chown -R root:root $1/etc/sudoers.d $1/usr/local $1/etc/ssh $1/etc/systemd",
                '--customize-hook=chroot "$1" /tmp/finish',
                "--customize-hook=rm $1/tmp/finish",
                SUITE,
                str(archive),
                str(debian_sources()),
            )
            docker("import", "-c", 'CMD ["/sbin/init"]', "-c", "ENV container=docker", str(archive), tag)
        finally:
            archive.unlink(missing_ok=True)
    return tag
