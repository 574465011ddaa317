"""Upstream is used where it serves what a cluster needs, and given up within seconds where it does not."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from k8sops.errors import InputError, UsageError
from k8sops.lab import source as sources
from k8sops.lab.machine import LabError, nameservers
from k8sops.lab.source import Source, link_kubectl, resolve, source_of
from k8sops.lab.upstream import ARCHITECTURE, Upstream, ensure_kubectl, failures
from k8sops.roles.networks.flannel.network import IMAGE as FLANNEL

VERSION = "1.36.3"
REPOSITORY = "/core:/stable:/v1.36/deb"
TOKEN = "anonymous"
CONFIG = {"config": {"digest": "sha256:c"}}
PLANE = f"/v2/kube-apiserver/manifests/v{VERSION}"
NETWORK = "/v2/{}/manifests/{}".format(*FLANNEL.partition("/")[2].rsplit(":", 1))
INDEX = {
    "manifests": [
        {"digest": "sha256:w", "platform": {"os": "windows", "architecture": ARCHITECTURE}},
        {"digest": "sha256:m", "platform": {"os": "linux", "architecture": ARCHITECTURE}},
    ]
}


def stanza(name: str, **more: str) -> str:
    fields = {"Package": name, "Version": f"{VERSION}-1.1", "Architecture": ARCHITECTURE, **more}
    return "\n".join(f"{key}: {value}" for key, value in fields.items())


class Server(ThreadingHTTPServer):
    """A repository and two registries at one address: one behind an index, one that wants a token. `pages` is what it
    serves; a page that is a number is an error, and that of `silent` never comes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.closing = Event()
        self.silent = ""
        self.asked: list[str] = []
        self.pages: dict[str, bytes | int] = {
            f"{REPOSITORY}/Packages": f"{stanza('kubeadm')}\n\n{stanza('kubelet')}\n".encode(),
            PLANE: json.dumps(INDEX).encode(),
            "/v2/kube-apiserver/manifests/sha256:m": json.dumps(CONFIG).encode(),
            "/v2/kube-apiserver/blobs/sha256:c": b"{}",
            NETWORK: json.dumps(CONFIG).encode(),
            "/v2/flannel-io/flannel/blobs/sha256:c": b"{}",
            "/token?service=here&scope=repository%3Aflannel%3Apull": json.dumps({"token": TOKEN}).encode(),
            "/storage": b"{}",
        }

    @property
    def upstream(self) -> Upstream:
        url = f"http://127.0.0.1:{self.server_port}"
        return Upstream(url, {"registry.k8s.io": url, "ghcr.io": url})


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        authorization = self.headers.get("Authorization")
        if self.server.silent and self.path.startswith(self.server.silent):
            self.server.closing.wait(20)
            return
        if "flannel/" in self.path and authorization != f"Bearer {TOKEN}":
            realm = f"http://127.0.0.1:{self.server.server_port}/token"
            self.reply(
                401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="here",scope="repository:flannel:pull"'}
            )
        elif "/blobs/" in self.path and self.path in self.server.pages:
            self.reply(307, {"Location": "/storage"})
        elif self.path == "/storage" and authorization:
            self.reply(400)
        else:
            page = self.server.pages.get(self.path, 404)
            self.reply(page, {}) if isinstance(page, int) else self.reply(200, {}, page)

    def reply(self, code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.closing.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def _name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8sops.lab.upstream.nameservers", lambda: ["192.0.2.53"])


def test_upstream_is_used_when_it_serves_the_version_and_the_images(server: Server) -> None:
    assert failures(VERSION, server.upstream) == []
    assert "/storage" in server.asked


def test_what_is_missing_is_named(server: Server) -> None:
    del server.pages[PLANE]
    server.pages[NETWORK] = 403
    server.pages[f"{REPOSITORY}/Packages"] = stanza("kubelet").replace("1.36.3", "1.36.2").encode()
    assert failures(VERSION, server.upstream) == [
        f"127.0.0.1: no package kubelet {VERSION} for {ARCHITECTURE}",
        "registry.k8s.io: HTTP 404",
        "ghcr.io: HTTP 403",
    ]


def test_a_registry_whose_blobs_cannot_be_read_does_not_serve(server: Server) -> None:
    server.pages["/storage"] = 403
    assert failures(VERSION, server.upstream) == ["registry.k8s.io: HTTP 403", "ghcr.io: HTTP 403"]


def test_an_image_of_other_machines_only_does_not_serve(server: Server) -> None:
    server.pages[PLANE] = json.dumps({"manifests": INDEX["manifests"][:1]}).encode()
    problem = f"registry.k8s.io: no image kube-apiserver:v{VERSION} for {ARCHITECTURE}"
    assert failures(VERSION, server.upstream) == [problem]


def test_the_page_of_a_portal_is_no_answer(server: Server) -> None:
    server.pages[PLANE] = b"<html>please log in</html>"
    server.pages[NETWORK] = b'"hello"'
    assert failures(VERSION, server.upstream) == [
        "registry.k8s.io: unexpected answer",
        "ghcr.io: unexpected answer",
    ]


@pytest.mark.parametrize("silent", [REPOSITORY, "/v2/", "/"])
def test_a_server_that_is_silent_is_given_up_in_time(server: Server, silent: str) -> None:
    server.silent = silent
    since = time.monotonic()
    problems = failures(VERSION, server.upstream, seconds=0.3)
    assert time.monotonic() - since < 3
    assert problems
    assert all(problem.endswith("no answer within 0.3 s") for problem in problems)


def test_a_name_server_that_is_silent_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()

    def never(*words: object, **more: object) -> None:
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    since = time.monotonic()
    assert failures(VERSION, seconds=0.2)[0] == "pkgs.k8s.io: no answer within 0.2 s"
    assert time.monotonic() - since < 3
    over.set()


def test_a_refused_connection_and_an_unknown_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    real = socket.getaddrinfo

    def unknown(host: str, *words: object, **more: object) -> object:
        if host.endswith(".example"):
            raise socket.gaierror(socket.EAI_NONAME, "")
        return real(host, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    upstream = Upstream(url, {"registry.k8s.io": "https://k8s.example", "ghcr.io": url})
    assert failures(VERSION, upstream) == [
        "127.0.0.1: connection refused",
        "registry.k8s.io: its name does not resolve",
        "ghcr.io: connection refused",
    ]


def test_proxies_of_the_operator_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert failures(VERSION, server.upstream) == []


def test_hosts_without_a_name_server_cannot_use_upstream(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8sops.lab.upstream.nameservers", list)
    assert failures(VERSION, server.upstream) == ["DNS: no name server of this machine can be reached from lab hosts"]


def test_a_version_that_is_not_supported_is_an_error() -> None:
    with pytest.raises(InputError, match=r"1\.0\.0 is not supported"):
        failures("1.0.0")


def test_name_servers_behind_a_local_resolver_are_found(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("# local\nnameserver 127.0.0.53\noptions edns0\n")
    assert nameservers(stub, real) == []
    real.write_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
    assert nameservers(stub, real) == ["192.0.2.1", "192.0.2.2"]
    stub.write_text("nameserver 198.51.100.7\nnameserver ::1\n")
    assert nameservers(stub, real) == ["198.51.100.7"]


def deb(folder: Path) -> bytes:
    """A package with /usr/bin/kubectl."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: kubectl\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n"
    )
    (tree / "usr" / "bin" / "kubectl").write_text("kubectl")
    subprocess.run(["dpkg-deb", "--build", str(tree), str(folder / "made.deb")], check=True, capture_output=True)
    return (folder / "made.deb").read_bytes()


def test_kubectl_comes_from_the_repository_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    content = deb(tmp_path)
    digest = hashlib.sha256(content).hexdigest()
    index = stanza("kubectl", Filename="./amd64/kubectl.deb", SHA256=digest)
    server.pages |= {f"{REPOSITORY}/Packages": index.encode(), f"{REPOSITORY}/./amd64/kubectl.deb": b"cut off"}
    with pytest.raises(LabError, match="no intact package"):
        ensure_kubectl(VERSION, print, server.upstream)
    server.pages[f"{REPOSITORY}/./amd64/kubectl.deb"] = content
    folder = ensure_kubectl(VERSION, print, server.upstream)
    assert [path.name for path in folder.iterdir()] == ["kubectl"]
    assert (folder / "kubectl").read_text() == "kubectl"
    server.pages.clear()
    assert ensure_kubectl(VERSION, print, server.upstream) == folder
    with pytest.raises(LabError, match=r"cannot download kubectl 1\.36\.2: HTTP 404"):
        ensure_kubectl("1.36.2", print, server.upstream)


def test_the_link_to_kubectl_follows_the_lab_and_spares_what_is_not_a_link(tmp_path: Path) -> None:
    link = tmp_path / "kubectl"
    link.symlink_to(tmp_path / "gone")
    link_kubectl(tmp_path, tmp_path / "new")
    assert link.readlink() == tmp_path / "new" / "kubectl"
    link.unlink()
    link.write_text("of the user")
    link_kubectl(tmp_path, tmp_path / "new")
    assert link.read_text() == "of the user"


def test_the_source_is_chosen_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sources, "failures", lambda version: [])
    assert resolve(Source.auto, VERSION, (), said.append) is Source.upstream
    assert resolve(Source.upstream, VERSION, (), said.append) is Source.upstream
    assert "from upstream" in said[-1]
    assert resolve(Source.auto, VERSION, ("w1",), said.append) is Source.mirror
    assert "cri-dockerd" in said[-1]
    monkeypatch.setattr(sources, "failures", lambda version: ["ghcr.io: HTTP 403"])
    assert resolve(Source.auto, VERSION, (), said.append) is Source.mirror
    assert "mirror" in said[-1]
    assert "ghcr.io: HTTP 403" in said[-1]
    with pytest.raises(LabError, match=r"ghcr\.io: HTTP 403"):
        resolve(Source.upstream, VERSION, (), said.append)
    with pytest.raises(UsageError, match="cri-dockerd"):
        resolve(Source.upstream, VERSION, ("w1",), said.append)


def test_a_forced_mirror_and_bare_hosts_need_no_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(version: str) -> list[str]:
        raise AssertionError("upstream was queried")

    monkeypatch.setattr(sources, "failures", never)
    assert resolve(Source.mirror, VERSION, (), print) is Source.mirror
    assert resolve(Source.bare, VERSION, (), print) is Source.bare


def test_two_sources_exclude_each_other() -> None:
    assert source_of({Source.upstream: False, Source.mirror: False}) is Source.auto
    assert source_of({Source.upstream: False, Source.mirror: True}) is Source.mirror
    with pytest.raises(UsageError, match="--upstream and --mirror exclude each other"):
        source_of({Source.upstream: True, Source.mirror: True})
