"""Programs for the lab's mirror, built from pinned Go modules, once: a cache is keyed by all that goes in."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from k8sops.errors import InputError
from k8sops.inventory.releases import release_of
from k8sops.lab.image import digest
from k8sops.lab.machine import Say, cache_dir, command, data_dir, need, taking, watched

KUBERNETES = [
    "kubeadm",
    "kubelet",
    "kubectl",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
]
CNI = (
    "main/bridge main/loopback main/ptp main/host-device ipam/host-local "
    "meta/portmap meta/bandwidth meta/tuning meta/firewall"
)
CNI_MODULE = "github.com/containernetworking/plugins/plugins"


@dataclass(frozen=True)
class Build:
    """`go build` of `packages` in the module lab/mirror/go/`name`; the programs bear their packages' last names."""

    name: str
    packages: tuple[str, ...]
    ldflags: str = ""
    cgo: bool = False


def others(version: str) -> dict[str, Build]:
    """What a Kubernetes release runs beside its own programs, by name: at the versions that its kubeadm asks for."""
    release = release_of(version)
    etcd = tuple(f"go.etcd.io/etcd/{name}/v3" for name in ("server", "etcdctl", "etcdutl"))
    return {
        # The image's tag counts rebuilds of one etcd: 3.6.8-0.
        "etcd": Build(f"etcd-{release.etcd.partition('-')[0]}", etcd),
        "coredns": Build(f"coredns-{release.coredns.removeprefix('v')}", ("github.com/coredns/coredns",)),
        "cni-plugins": Build("cni-plugins", tuple(f"{CNI_MODULE}/{one}" for one in CNI.split())),
        "flannel-cni": Build("flannel-cni", (f"{CNI_MODULE}/meta/flannel",)),
        # Its udp backend is C.
        "flannel": Build("flannel", ("github.com/flannel-io/flannel",), "-extldflags -static", cgo=True),
        "cri-dockerd": Build("cri-dockerd", ("github.com/Mirantis/cri-dockerd",)),
    }


def kubernetes(version: str) -> Build:
    """What one Kubernetes release is built of, told its own version as upstream's releases are."""
    minor = version.split(".")[1]
    facts = {
        "gitVersion": f"v{version}",
        "gitMajor": "1",
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    where = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    flags = " ".join(f"-X {package}.{key}={value}" for package in where for key, value in facts.items())
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES]
    return Build(f"kubernetes-{version}", (*packages, "k8s.io/kubernetes/test/images/agnhost"), flags)


def old_kubeadm() -> Build:
    """kubeadm of 1.22, the release that reads both v1beta2 and v1beta3."""
    return Build("kubeadm-1.22.0", ("k8s.io/kubernetes/cmd/kubeadm",))


def known_versions() -> list[str]:
    """The Kubernetes versions that the lab can build: those with pinned modules."""
    folders = (data_dir() / "mirror" / "go").glob("kubernetes-*")
    return sorted(folder.name.removeprefix("kubernetes-") for folder in folders)


def key(build: Build, go: str) -> str:
    """Changes with the pinned modules, what is built of them and how, and the compiler."""
    folder = data_dir() / "mirror" / "go" / build.name
    return digest(folder.iterdir(), *build.packages, build.ldflags, str(build.cgo), go)


def detail(build: Build, line: str) -> str:
    """What a line of `go build -v` is about: the program that a package belongs to, else the package or the module."""
    if line.startswith("go: downloading "):
        return " ".join(line.split()[1:3])
    if " " in line or "/" not in line:
        return ""
    program = next((package for package in build.packages if f"{line}/".startswith(f"{package}/")), "")
    return program.rpartition("/")[2] or line


def ensure_built(build: Build, say: Say) -> Path:
    """The folder with the programs; built when they are not there. A build that was killed leaves nothing."""
    source = data_dir() / "mirror" / "go" / build.name
    if not source.is_dir():
        version = build.name.removeprefix("kubernetes-")
        raise InputError(
            f"the lab has no pinned modules for Kubernetes {version}", remedy=f"it has: {', '.join(known_versions())}"
        )
    target = cache_dir() / "mirror" / "built" / f"{build.name}-{key(build, _go_version())}"
    if target.is_dir():
        return target
    if build.cgo:
        need(say, gcc="gcc")
    with taking(say, f"building {build.name} from its Go modules") as ticker:
        new = target.with_name(f".{target.name}.{os.getpid()}")
        new.mkdir(parents=True)
        env = {
            **os.environ,
            "CGO_ENABLED": str(int(build.cgo)),
            "GOCACHE": str(_go_cache()),
            "GOFLAGS": "-mod=readonly",
        }
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {build.ldflags}"]

        def show(line: str) -> None:
            ticker.detail = detail(build, line) or ticker.detail

        watched("go", "build", "-v", *flags, "-o", f"{new}/", *build.packages, cwd=source, env=env, on_line=show)
        new.replace(target)
    return target


def ensure_pause(say: Say) -> Path:
    """The folder with `pause`, linked statically."""
    source = data_dir() / "mirror" / "pause.c"
    target = cache_dir() / "mirror" / "built" / f"pause-{digest([source])}"
    if not target.is_dir():
        need(say, gcc="gcc")
        new = target.with_name(f".{target.name}.{os.getpid()}")
        new.mkdir(parents=True)
        command("gcc", "-Os", "-static", "-s", "-o", str(new / "pause"), str(source))
        new.replace(target)
    return target


def forget_compilation() -> None:
    """The compiler's intermediate files, gigabytes of them, are gone."""
    shutil.rmtree(_go_cache(), ignore_errors=True)


def _go_cache() -> Path:
    return cache_dir() / "mirror" / "go-build"


def _go_version() -> str:
    return command("go", "env", "GOVERSION").strip()
