"""The lab's package repository: .deb files laid out and signed as the upstream repositories of Kubernetes are."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from tempfile import TemporaryDirectory

from k8sops.lab.machine import Say, cache_dir, command, data_dir, need, taking

FIELDS = "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: k8sops lab <lab@example.invalid>\n"


@dataclass(frozen=True)
class Package:
    """A .deb: `files` maps where a file goes to where it comes from."""

    name: str
    version: str
    files: Mapping[str, Path]
    depends: str = ""
    description: str = ""


def control(package: Package) -> str:
    """The control file of a package (deb-control(5))."""
    depends = f"Depends: {package.depends}\n" if package.depends else ""
    return FIELDS.format(name=package.name, version=package.version) + depends + f"Description: {package.description}\n"


def packages_of(version: str, kubernetes: Path, others: Mapping[str, Path]) -> list[Package]:
    """What the repository of a minor holds for one Kubernetes version; kubectl in two revisions, side by side."""
    units = data_dir() / "mirror" / "units"
    kubelet = {
        "/usr/bin/kubelet": kubernetes / "kubelet",
        "/usr/lib/systemd/system/kubelet.service": units / "kubelet.service",
    }
    drop_in = {"/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": units / "10-kubeadm.conf"}
    needs = "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), conntrack, ebtables, ethtool, iproute2, mount, socat"
    plugins = {f"/opt/cni/bin/{path.name}": path for path in sorted(others["cni-plugins"].iterdir())}
    dockerd = {"/usr/bin/cri-dockerd": others["cri-dockerd"] / "cri-dockerd"}
    for unit in ("cri-docker.service", "cri-docker.socket"):
        dockerd[f"/usr/lib/systemd/system/{unit}"] = units / unit
    kubectl = {"/usr/bin/kubectl": kubernetes / "kubectl"}
    return [
        Package("kubelet", f"{version}-1.1", kubelet, needs, "Node agent of Kubernetes"),
        Package(
            "kubeadm",
            f"{version}-1.1",
            {"/usr/bin/kubeadm": kubernetes / "kubeadm", **drop_in},
            "kubelet (>= 1.19)",
            "Makes clusters",
        ),
        Package("kubectl", f"{version}-1.1", kubectl, "", "Command line of Kubernetes"),
        Package("kubectl", f"{version}-1.0", kubectl, "", "Command line of Kubernetes, an older revision"),
        Package("kubernetes-cni", "1.7.1-1.1", plugins, "", "Network plugins"),
        Package("cri-dockerd", "0.3.14-1.1", dockerd, "iptables", "Lets kubelet speak to Docker"),
    ]


def build_deb(package: Package, folder: Path) -> Path:
    """The .deb lies in `folder`; made when it is not there."""
    target = folder / f"{package.name}_{package.version}_amd64.deb"
    if target.exists():
        return target
    with TemporaryDirectory(dir=folder) as root:
        tree = Path(root)
        tree.chmod(0o755)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(control(package))
        for where, source in package.files.items():
            path = tree / where.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
            path.chmod(0o755 if "/bin/" in where else 0o644)
        new = folder / f".{target.name}"
        command("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(new))
        new.replace(target)
    return target


def stanza(deb: Path) -> str:
    """What the index says of a package (repository format of Debian): its control file, where it is, what it is."""
    content = deb.read_bytes()
    fields = command("dpkg-deb", "--field", str(deb)).strip()
    digest = hashlib.sha256(content).hexdigest()
    return f"{fields}\nFilename: ./amd64/{deb.name}\nSize: {len(content)}\nSHA256: {digest}\n"


def release(files: Mapping[str, bytes], date: str) -> str:
    """The Release file over these index files."""
    sums = "".join(f" {hashlib.sha256(text).hexdigest()} {len(text)} {name}\n" for name, text in files.items())
    return f"Origin: k8sops lab\nLabel: k8sops lab\nArchitectures: amd64\nDate: {date}\nSHA256:\n{sums}"


def _gpg(*args: str) -> str:
    home = cache_dir() / "mirror" / "gnupg"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return command("gpg", "--homedir", str(home), "--batch", "--yes", "--quiet", *args)


def ensure_key(say: Say) -> str:
    """The fingerprint of the key that signs the lab's repositories; made once."""
    need(say, gpg="gnupg", gpg_agent="gpg-agent")
    listed = _gpg("--list-keys", "--with-colons").splitlines()
    if not any(line.startswith("fpr:") for line in listed):
        _gpg("--passphrase", "", "--quick-gen-key", "k8sops lab mirror", "rsa3072", "sign", "never")
        listed = _gpg("--list-keys", "--with-colons").splitlines()
    return next(line for line in listed if line.startswith("fpr:")).split(":")[9]


def ensure_repository(root: Path, version: str, packages: Iterable[Package], inputs: str, say: Say) -> None:
    """`root`/core:/stable:/vMINOR/deb/ holds these packages beside those of other versions, indexed and signed.

    `inputs` names what the packages are made of: a change makes them anew.
    """
    folder = root / "core:" / "stable:" / f"v{version.rpartition('.')[0]}" / "deb"
    stamp = folder / f".made-{version}-{inputs}"
    if stamp.exists():
        return
    with taking(say, f"packing Kubernetes {version} into .deb files"):
        pool = folder / "amd64"
        pool.mkdir(parents=True, exist_ok=True)
        for package in packages:
            (pool / f"{package.name}_{package.version}_amd64.deb").unlink(missing_ok=True)
            build_deb(package, pool)
        index = "\n".join(stanza(deb) for deb in sorted(pool.glob("*.deb"))).encode()
        files = {"Packages": index, "Packages.gz": gzip.compress(index, mtime=0)}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "Release").write_text(release(files, formatdate(usegmt=True)))
        _gpg("--clearsign", "--output", str(folder / "InRelease"), str(folder / "Release"))
        _gpg("--detach-sign", "--armor", "--output", str(folder / "Release.gpg"), str(folder / "Release"))
        _gpg("--armor", "--export", "--output", str(folder / "Release.key"))
        stamp.touch()
