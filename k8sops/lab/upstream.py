"""The upstream package repository and image registries: whether they can be used here, and kubectl from them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urlencode, urlsplit

from k8sops.inventory.releases import minor_of, release_of
from k8sops.inventory.settings import Packages
from k8sops.inventory.spec import UPSTREAM_PACKAGES
from k8sops.lab.machine import LabError, Say, cache_dir, command, nameservers, taking
from k8sops.roles.networks.flannel.network import IMAGE as FLANNEL

SECONDS = 8.0
"""For all questions together, which are asked at the same time."""
DOWNLOAD_SECONDS = 60.0
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)


@dataclass(frozen=True)
class Upstream:
    """The URLs of the package repository and of each image registry."""

    packages: str = UPSTREAM_PACKAGES
    registries: Mapping[str, str] = field(default_factory=dict)
    """Only those whose URL is not https://NAME."""

    def repository(self, version: str) -> str:
        return f"{self.packages}/core:/stable:/v{minor_of(version)}/deb"

    def registry(self, name: str) -> str:
        return self.registries.get(name, f"https://{name}")


UPSTREAM = Upstream()


@dataclass
class Client:
    """HTTP without a proxy, because lab hosts have none; registries that want a token get an anonymous one.

    The token is not sent to where a registry redirects: storage refuses a request that is signed twice.
    """

    seconds: float
    token: str = ""

    def get(self, url: str) -> bytes:
        try:
            return self._get(url)
        except urllib.error.HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            error.close()
            if error.code != 401 or self.token or not challenge.startswith("Bearer "):
                raise
        self.token = self._log_in(challenge)
        return self._get(url)

    def _get(self, url: str) -> bytes:
        request = urllib.request.Request(url, headers={"Accept": f"{ACCEPT}, */*"})
        if self.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=self.seconds) as answer:
            return bytes(answer.read())

    def _log_in(self, challenge: str) -> str:
        """An anonymous token (Distribution, token authentication)."""
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = urlencode({name: fields[name] for name in ("service", "scope") if name in fields})
        answer = json.loads(self._get(f"{fields['realm']}?{query}"))
        return str(answer.get("token") or answer["access_token"])


def package(index: str, name: str, version: str) -> dict[str, str] | None:
    """The fields of a package in a `Packages` index, for this machine's architecture."""
    wanted = {"Package": name, "Version": f"{version}-{Packages().revision}", "Architecture": ARCHITECTURE}
    for stanza in index.split("\n\n"):
        pairs = (line.partition(": ") for line in stanza.splitlines())
        fields = {key: value for key, separator, value in pairs if separator}
        if wanted.items() <= fields.items():
            return fields
    return None


def failures(version: str, upstream: Upstream = UPSTREAM, seconds: float = SECONDS) -> list[str]:
    """Why upstream cannot be used for this version: `NAME: REASON` for each source that failed, else nothing."""
    release_of(version)
    client = partial(Client, seconds)
    host = urlsplit(upstream.packages).hostname or upstream.packages
    questions = {host: partial(_query_packages, client(), upstream.repository(version), version)}
    for image in (f"registry.k8s.io/kube-apiserver:v{version}", FLANNEL):
        name, _, path = image.partition("/")
        questions[name] = partial(_query_image, client(), upstream.registry(name), path)
    answers = _query_all(questions, seconds)
    found = {name: answers.get(name, f"no answer within {seconds:g} s") for name in questions}
    if not nameservers():
        found["DNS"] = "no name server of this machine can be reached from lab hosts"
    return [f"{name}: {reason}" for name, reason in found.items() if reason]


def _query_all(questions: Mapping[str, Callable[[], None]], seconds: float) -> dict[str, str]:
    """Why each question failed, or ""; those without an answer in time are left out.

    Daemon threads, because a name server that is silent holds a thread longer than any timeout of a socket.
    """
    answers: dict[str, str] = {}

    def run(name: str, question: Callable[[], None]) -> None:
        try:
            question()
            answers[name] = ""
        except (LabError, OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError) as error:
            answers[name] = reason(error, seconds)

    threads = [Thread(target=run, args=item, daemon=True) for item in questions.items()]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(answers)


def reason(error: Exception, seconds: float) -> str:
    """A short text for why a request failed; what cannot be parsed is the answer of some other server."""
    if isinstance(error, LabError):
        return error.what
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, socket.gaierror):
        return "its name does not resolve"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "unexpected answer"


def _query_packages(client: Client, repository: str, version: str) -> None:
    """The repository of the minor lists this version."""
    if package(client.get(f"{repository}/Packages").decode(), "kubelet", version) is None:
        raise LabError(f"no package kubelet {version} for {ARCHITECTURE}")


def _query_image(client: Client, registry: str, image: str) -> None:
    """The image's configuration can be read, not only its manifest: blobs come from another server than manifests."""
    name, _, tag = image.rpartition(":")
    manifest = json.loads(client.get(f"{registry}/v2/{name}/manifests/{tag}"))
    if "manifests" in manifest:
        digests = {(m["platform"]["os"], m["platform"]["architecture"]): m["digest"] for m in manifest["manifests"]}
        if ("linux", ARCHITECTURE) not in digests:
            raise LabError(f"no image {image} for {ARCHITECTURE}")
        manifest = json.loads(client.get(f"{registry}/v2/{name}/manifests/{digests['linux', ARCHITECTURE]}"))
    client.get(f"{registry}/v2/{name}/blobs/{manifest['config']['digest']}")


def ensure_kubectl(version: str, say: Say, upstream: Upstream = UPSTREAM) -> Path:
    """The folder with kubectl of this version, out of the package that the repository's index names."""
    folder = cache_dir() / "upstream" / f"kubectl-{version}"
    if (folder / "kubectl").exists():
        return folder
    client, repository = Client(DOWNLOAD_SECONDS), upstream.repository(version)
    with taking(say, f"downloading kubectl {version}"):
        try:
            fields = package(client.get(f"{repository}/Packages").decode(), "kubectl", version)
            deb = client.get(f"{repository}/{fields['Filename']}") if fields else b""
        except (OSError, HTTPException) as error:
            raise LabError(f"cannot download kubectl {version}: {reason(error, client.seconds)}") from None
        if not fields or hashlib.sha256(deb).hexdigest() != fields["SHA256"]:
            raise LabError(f"{repository} has no intact package kubectl {version}", remedy="run again, or use --mirror")
        folder.mkdir(parents=True, exist_ok=True)
        _unpack(deb, "usr/bin/kubectl", folder / "kubectl")
    return folder


def _unpack(deb: bytes, member: str, target: Path) -> None:
    """One file of a package, whole or not at all."""
    with TemporaryDirectory(dir=target.parent) as scratch:
        archive = Path(scratch, "package.deb")
        archive.write_bytes(deb)
        command("dpkg-deb", "--extract", str(archive), scratch)
        os.replace(Path(scratch, member), target)
