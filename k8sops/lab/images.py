"""The lab's image registry: images put together from programs, pushed by the registry's own API (OCI distribution)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from k8sops.inventory.releases import release_of
from k8sops.lab.image import debian_sources, digest
from k8sops.lab.machine import LabError, Say, cache_dir, command, need, taking

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INPUTS = "k8sops.inputs"
XTABLES = [f"{family}{tool}" for family in ("iptables", "ip6tables") for tool in ("", "-save", "-restore")]


@dataclass(frozen=True)
class Image:
    """`name:tag` with these files (where -> what), over an optional `base` folder."""

    name: str
    tag: str
    files: Mapping[str, Path]
    entrypoint: tuple[str, ...] = ()
    base: Path | None = None

    @property
    def inputs(self) -> str:
        """Changes with what the image is made of: the cache names what was built by its inputs."""
        files = [f"{where}={path.relative_to(cache_dir())}" for where, path in sorted(self.files.items())]
        return digest([], *files, *self.entrypoint, str(self.base and self.base.name))


def images_of(version: str, kubernetes: Path, others: Mapping[str, Path], tools: Path) -> list[Image]:
    """What kubeadm, flannel and `k8sops verify` ask of a registry, at the paths that upstream's images have."""
    release = release_of(version)

    def program(name: str) -> Image:
        where = f"/usr/local/bin/{name}"
        base = tools if name == "kube-proxy" else None
        return Image(name, f"v{version}", {where: kubernetes / name}, (), base)

    planes = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    etcd = {f"/usr/local/bin/{name}": others["etcd"] / name for name in ("etcdctl", "etcdutl")}
    etcd["/usr/local/bin/etcd"] = others["etcd"] / "server"
    busybox = {"/bin/cp": tools / "bin" / "busybox"}
    return [
        *(program(name) for name in planes),
        Image("etcd", release.etcd, etcd),
        Image("coredns/coredns", release.coredns, {"/coredns": others["coredns"] / "coredns"}, ("/coredns",)),
        Image("pause", release.pause, {"/pause": others["pause"] / "pause"}, ("/pause",)),
        Image("flannel-io/flannel", "v0.26.7", {"/opt/bin/flanneld": others["flannel"] / "flannel"}, (), tools),
        Image(
            "flannel-io/flannel-cni-plugin",
            "v1.6.2-flannel1",
            {"/flannel": others["flannel-cni"] / "flannel", **busybox},
        ),
        Image("e2e-test-images/agnhost", release.agnhost, {"/agnhost": kubernetes / "agnhost"}, ("/agnhost",)),
    ]


def ensure_tools(say: Say) -> Path:
    """A folder with iptables, conntrack and busybox of Debian and the libraries they need, for images."""
    target = cache_dir() / "mirror" / "tools"
    if (target / "bin" / "busybox").exists():
        return target
    need(say, mmdebstrap="mmdebstrap")
    with taking(say, "unpacking iptables for images"):
        archive = cache_dir() / "mirror" / "tools.tar"
        archive.parent.mkdir(parents=True, exist_ok=True)
        command(
            "mmdebstrap",
            "--variant=extract",
            "--include=iptables,conntrack,busybox-static",
            "--dpkgopt=path-exclude=/usr/share/*",
            "bookworm",
            str(archive),
            str(debian_sources()),
        )
        keep = ("bin/busybox", "usr/sbin/xtables", "usr/sbin/conntrack", "lib/", "lib64/", "usr/lib/x86_64-linux-gnu/")
        with tarfile.open(archive) as tar:
            wanted = [
                m for m in tar if m.name.removeprefix("./").startswith(keep) and not m.isdev() and "gconv" not in m.name
            ]
            tar.extractall(target, members=wanted, filter="tar")
        archive.unlink()
        for name in XTABLES:
            (target / "usr" / "sbin" / name).symlink_to("xtables-nft-multi")
        (target / "bin").mkdir(exist_ok=True)
        for name in ("sh", "cp"):
            (target / "bin" / name).symlink_to("busybox")
    return target


def layer(files: Mapping[str, Path], base: Path | None = None) -> bytes:
    """A tar of these files, the same bytes for the same content."""
    sources = dict(files)
    if base:
        below = {f"/{path.relative_to(base)}": path for path in base.rglob("*") if path.is_symlink() or path.is_file()}
        sources = {**below, **sources}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in sorted({str(parent) for where in sources for parent in Path(where).parents} - {"/"}):
            info = tarfile.TarInfo(folder.lstrip("/"))
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        for where, path in sorted(sources.items()):
            info = tarfile.TarInfo(where.lstrip("/"))
            info.mode = 0o755
            if path.is_symlink():
                info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
                tar.addfile(info)
                continue
            info.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(info, content)
    return out.getvalue()


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def manifest(config: bytes, layers: Sequence[bytes], inputs: str) -> bytes:
    """The OCI image manifest over a configuration and its layers; it bears what the image was made of."""

    def one(kind: str, content: bytes) -> dict[str, object]:
        return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}

    parts = {"schemaVersion": 2, "mediaType": MANIFEST, "config": one(CONFIG, config), "annotations": {INPUTS: inputs}}
    return json.dumps({**parts, "layers": [one(LAYER, content) for content in layers]}).encode()


def push(registry: str, image: Image) -> None:
    """The registry at this URL holds the image."""
    raw = [layer(image.files)]
    if image.base:
        raw.insert(0, layer({}, image.base))
    settings = {
        "Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"],
        "Entrypoint": list(image.entrypoint),
    }
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(one) for one in raw]},
        }
    ).encode()
    packed = [gzip.compress(one, 1, mtime=0) for one in raw]
    for blob in (config, *packed):
        _push_blob(registry, image.name, blob)
    put = f"{registry}/v2/{image.name}/manifests/{image.tag}"
    _call("PUT", put, manifest(config, packed, image.inputs), {"Content-Type": MANIFEST})


def answers(registry: str) -> bool:
    """Whether a registry answers at this URL."""
    try:
        _call("GET", f"{registry}/v2/")
    except (OSError, LabError):
        return False
    return True


def has(registry: str, image: Image) -> bool:
    """Whether the registry holds this image, made of the same inputs."""
    try:
        _, found = _call("GET", f"{registry}/v2/{image.name}/manifests/{image.tag}", headers={"Accept": MANIFEST})
    except urllib.error.HTTPError:
        return False
    return bool(json.loads(found).get("annotations", {}).get(INPUTS) == image.inputs)


def _push_blob(registry: str, name: str, blob: bytes) -> None:
    digest = digest_of(blob)
    try:
        _call("HEAD", f"{registry}/v2/{name}/blobs/{digest}")
    except urllib.error.HTTPError:
        location, _ = _call("POST", f"{registry}/v2/{name}/blobs/uploads/", b"")
        where = urljoin(registry, location)
        mark = "&" if "?" in where else "?"
        _call("PUT", f"{where}{mark}digest={digest}", blob, {"Content-Type": "application/octet-stream"})


def _call(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[str, bytes]:
    """The answer's Location header, and its body."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return str(answer.headers.get("Location", "")), answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise
    except urllib.error.URLError as error:
        raise LabError(
            f"the lab's registry does not answer: {error.reason}", remedy="docker logs k8sops-mirror"
        ) from None
