"""Mirrors below a path, and what a bare host hears from registries: real requests over real sockets."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bash import bash
from test_runtime_config import DOCKER, host, names, spec

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.findings import kind_of
from k8sops.engine.shell import envelope, new_mark
from k8sops.roles.runtimes.facts.registry import (
    Question,
    api_root,
    asking,
    docker_prefix,
    is_api_root,
    problems,
    questions,
)
from k8sops.roles.runtimes.tasks.container_runtime import TASK

TOKEN = "anonymous-token"


class Registry(BaseHTTPRequestHandler):
    """A registry with one image, which wants an anonymous token below /v2/locked, and a login below /v2/private."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        accepts = "application/vnd.oci.image.index.v1+json" in self.headers.get("Accept", "")
        if self.path.startswith("/token"):
            ok = "service=the%20one" in self.path and "scope=repository:locked/pause:pull" in self.path
            self.answer(200 if ok else 400, json.dumps({"token": TOKEN}))
        elif self.path.startswith("/v2/locked") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = (
                f'Bearer realm="http://127.0.0.1:{port}/token",service="the one",scope="repository:locked/pause:pull"'
            )
            self.answer(401, "", ("WWW-Authenticate", realm))
        elif self.path.startswith("/v2/private"):
            self.answer(401, "", ("WWW-Authenticate", 'Basic realm="x"'))
        elif self.path == "/moved/v2/pause/manifests/3.10":
            self.answer(307, "", ("Location", f"http://127.0.0.1:{port}/v2/pause/manifests/3.10"))
        elif self.path == "/v2/":
            self.answer(401, "")
        else:
            self.answer(200 if self.path.endswith("/pause/manifests/3.10") and accepts else 404, "{}")

    def answer(self, code: int, body: str, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def hears(folder: Path, asked: Sequence[Question], program: str) -> list[str]:
    """What a host with this program, and no other for HTTP, says of these questions."""
    tools = folder / program
    tools.mkdir(exist_ok=True)
    for tool in {"bash", "timeout", "sleep", program} - {"none"}:
        where = shutil.which(tool)
        if where is None:
            pytest.skip(f"there is no {tool} here")
        (tools / tool).unlink(missing_ok=True)
        os.symlink(where, tools / tool)
    lines = asking(asked).replace("/etc/kubernetes/kubelet.conf", "/none")
    fact = 'fact() { printf \'%s=%s\\n\' "$1" "$2"; }'
    script = envelope(new_mark(), [f"PATH={tools}", fact, lines])
    return list(HostFacts.parse(bash(script, folder).out.splitlines()).more["registry"])


@pytest.mark.parametrize("program", ["curl", "wget", "none"])
def test_a_host_asks_for_a_real_manifest_with_what_it_has(tmp_path: Path, port: int, program: str) -> None:
    base = f"http://127.0.0.1:{port}"
    image = "registry.k8s.io/pause:3.10"
    asked = [
        Question("a", base, image),
        Question("b", f"{base}/v2/project", image),
        Question("c", base, "registry.k8s.io/missing:1"),
        Question("d", f"{base}/v2/private", image),
        Question("e", base, ""),
        Question("f", "http://127.0.0.1:1", image),
        Question("g", f"{base}/moved", image),
        Question("h", f"{base}/v2/locked", image),
    ]
    heard = dict(one.split(" ", 1) for one in hears(tmp_path, asked, program))
    refused = heard.pop("f")
    assert "refused" in refused.lower() or "connect" in refused.lower()
    locked = heard.pop("h")
    assert locked == ("HTTP 401" if program == "none" else "ok")
    assert heard == {"a": "ok", "b": "ok", "c": "HTTP 404", "d": "HTTP 401", "e": "ok", "g": "ok"}


def test_without_a_program_for_https_only_the_port_is_checked_and_that_is_said(tmp_path: Path, port: int) -> None:
    asked = [Question("a", f"https://127.0.0.1:{port}", ""), Question("b", "https://127.0.0.1:1", "")]
    heard = hears(tmp_path, asked, "none")
    assert sorted(heard) == ["a unchecked", "b Connection refused"]
    found = list(problems(asked, heard))
    assert [name for name, _ in found] == ["ImageRegistryUnchecked", "ImageRegistry"]
    assert kind_of("ImageRegistryUnchecked").level == "warning"


def test_a_node_is_not_asked(tmp_path: Path) -> None:
    lines = asking([Question("a", "http://127.0.0.1:1", "")]).replace("/etc/kubernetes/kubelet.conf", str(tmp_path))
    assert "[ ! -f" in lines
    node = lines.replace(f"[ ! -f {tmp_path} ]", "false")
    assert "registry" not in bash(envelope(new_mark(), [node]), tmp_path).out


@pytest.mark.parametrize(
    ("url", "root", "override", "prefix"),
    [
        ("http://m:5000", "http://m:5000/v2", False, "m:5000"),
        ("http://m:5000/", "http://m:5000/v2", False, "m:5000"),
        ("https://h/v2", "https://h/v2", False, "h"),
        ("https://h/v2/proxy-k8s", "https://h/v2/proxy-k8s", True, "h/proxy-k8s"),
        ("https://h/v2/team/k8s/", "https://h/v2/team/k8s", True, "h/team/k8s"),
        ("https://h/api/docker/repo", "https://h/api/docker/repo/v2", False, "h/api/docker/repo"),
        ("https://h/api/v2/repo", "https://h/api/v2/repo", True, "h/api/v2/repo"),
    ],
)
def test_a_path_with_v2_says_where_the_api_begins(url: str, root: str, override: bool, prefix: str) -> None:
    assert (api_root(url), is_api_root(url), docker_prefix(url)) == (root, override, prefix)


def hosts_toml(extra: str) -> str:
    of = spec(extra)
    resources = TASK.resources(of, of.host("w1"), Fleet({"w1": host()}))
    return next(str(one.want) for one in resources if one.id.endswith("hosts.toml"))


def test_containerd_is_told_where_the_api_begins_and_upstream_stays_the_fallback() -> None:
    text = hosts_toml("mirrors: {images: {registry.k8s.io: 'https://harbor.example.com/v2/proxy-k8s'}}")
    assert '[host."https://harbor.example.com/v2/proxy-k8s"]' in text
    assert "override_path = true" in text
    assert 'server = "https://registry.k8s.io"' in text
    # A mirror without a path has the file that it always had.
    assert "override" not in hosts_toml("mirrors: {images: {registry.k8s.io: 'http://m:5000'}}")


def test_docker_pulls_from_the_project_and_its_own_mirrors_have_no_path() -> None:
    of = spec(f"{DOCKER}\nmirrors: {{images: {{registry.k8s.io: 'https://h/v2/k8s', docker.io: 'https://h/v2/hub'}}}}")
    resources = list(TASK.resources(of, of.host("w1"), Fleet({"w1": host()})))
    images = next(one for one in resources if one.id == "docker-images")
    assert "registry.k8s.io/*) from=h/k8s ;;" in images.check
    daemon = next(one for one in resources if one.id == "file:/etc/docker/daemon.json")
    assert "hub" not in daemon.check
    assert "DockerMirror" in dict(names(host(), of))


def test_errors_name_the_mirror_and_how_a_project_is_written() -> None:
    image = "registry.k8s.io/pause:3.10.2"
    asked = questions({"registry.k8s.io": "https://harbor.example.com/proxy-k8s/", "quay.io": "http://m"}, [image])
    assert [one.image for one in asked] == ["", image]
    found = list(problems(asked, ["registry.k8s.io HTTP 404", "quay.io HTTP 502"]))
    assert found == [
        ("ImageRegistry", "cannot read images of quay.io from the mirror http://m: HTTP 502"),
        (
            "ImageRegistry",
            f"cannot read the manifest of {image} from the mirror https://harbor.example.com/proxy-k8s: HTTP 404;"
            " if /proxy-k8s is a project there, write https://harbor.example.com/v2/proxy-k8s",
        ),
    ]
    login = list(problems(asked, ["registry.k8s.io HTTP 401"]))
    assert [name for name, _ in login] == ["ImageRegistryLogin"]
    upstream = questions({}, [image])
    assert upstream == [Question("registry.k8s.io", "https://registry.k8s.io", image)]
    assert next(problems(upstream, ["registry.k8s.io HTTP 403"]))[1].startswith("registry.k8s.io requires")


def test_somebody_elses_hosts_toml_is_not_replaced() -> None:
    of = spec("mirrors: {images: {registry.k8s.io: 'http://m:5000'}}")
    key = "hosts./etc/containerd/certs.d/registry.k8s.io/hosts.toml"
    assert "RegistryHosts" in dict(names(host(**{key: ('server = "https',)}), of))
    assert "RegistryHosts" in dict(names(host(**{key: ("",)}), of))
    assert not names(host(**{key: ("# Written by k8sops",)}), of)
    assert not kind_of("RegistryHosts").waivable
