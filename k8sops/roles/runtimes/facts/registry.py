"""Image registries and their mirrors: where a mirror's API begins, and whether it has the images that a host needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from k8sops.engine.shell import bare, quote

UPSTREAM = "registry.k8s.io"
SCRIPT = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))
DENIED = ("HTTP 401", "HTTP 403")


def is_api_root(url: str) -> bool:
    """Whether the URL includes the API root, like that of a Harbor project: `https://harbor/v2/PROJECT`.

    containerd appends /v2 to any other path (its docs/hosts.md, override_path).
    """
    segments = urlsplit(url).path.strip("/").split("/")
    return "v2" in segments[:-1]


def api_root(url: str) -> str:
    """The API root of the registry, without a trailing slash."""
    base = url.rstrip("/")
    return base if is_api_root(base) or base.endswith("/v2") else f"{base}/v2"


def docker_prefix(url: str) -> str:
    """The prefix of images from this mirror for Docker, whose API root is always /v2."""
    parts = urlsplit(url.rstrip("/"))
    path = parts.path.strip("/")
    path = "" if path == "v2" else path.removeprefix("v2/")
    return f"{parts.netloc}/{path}" if path else parts.netloc


@dataclass(frozen=True)
class Question:
    """A manifest that a host must be able to read: of `image`, from the mirror or the registry at `url`.

    `image` is empty where the cluster needs none of that registry: then its API must answer.
    """

    registry: str
    url: str
    image: str

    @property
    def address(self) -> str:
        if not self.image:
            return f"{api_root(self.url)}/"
        name, _, tag = self.image.partition("/")[2].rpartition(":")
        return f"{api_root(self.url)}/{name}/manifests/{tag}"

    @property
    def port(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def questions(mirrors: Mapping[str, str], images: Sequence[str]) -> list[Question]:
    """One query for each mirror; without mirrors, one for the registry of Kubernetes."""
    wanted: dict[str, str] = {}
    for image in images:
        wanted.setdefault(image.partition("/")[0], image)
    asked = mirrors or {UPSTREAM: f"https://{UPSTREAM}"}
    return [Question(name, url.rstrip("/"), wanted.get(name, "")) for name, url in sorted(asked.items())]


def asking(asked: Sequence[Question]) -> str:
    """Shell lines that run all queries in parallel on hosts that have not joined: `more.registry=REGISTRY ANSWER`."""
    tries = "\n".join(
        f"  ask_registry {quote(one.registry)} {quote(one.address)} {quote(one.port[0])} {one.port[1]} &"
        for one in asked
    )
    return f"if [ ! -f /etc/kubernetes/kubelet.conf ]; then\n{SCRIPT}\n{tries}\n  wait\nfi"


def problems(asked: Sequence[Question], answers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(finding, text) for the answers that a host got from registries and mirrors."""
    heard = dict(answer.split(" ", 1) for answer in answers)
    for one in asked:
        answer = heard.get(one.registry, "ok")
        what = f"the manifest of {one.image}" if one.image else f"images of {one.registry}"
        source = f"the mirror {one.url}" if one.url != f"https://{one.registry}" else one.registry
        if answer == "ok":
            continue
        if answer.startswith("unchecked"):
            yield (
                "ImageRegistryUnchecked",
                (f"neither curl nor wget is installed: {source} was only checked for an open port"),
            )
        elif answer.startswith(DENIED):
            yield "ImageRegistryLogin", f"{source} requires credentials for {what}: {answer}"
        else:
            yield "ImageRegistry", f"cannot read {what} from {source}: {answer}{_hint(one, answer)}"


def _hint(asked: Question, answer: str) -> str:
    """A hint for Harbor projects, whose URL is often given without /v2."""
    path = urlsplit(asked.url).path.strip("/")
    if answer.startswith("HTTP 404") and path and "v2" not in path.split("/"):
        parts = urlsplit(asked.url)
        return f"; if /{path} is a project there, write {parts.scheme}://{parts.netloc}/v2/{path}"
    return ""
