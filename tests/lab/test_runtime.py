"""Docker and containerd as hosts have them: with settings, containers and credentials of somebody's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml
from conftest import Cluster, Ran

pytestmark = pytest.mark.beside
BOOK = """\
- {name: Packages, hosts: all, tasks: [kubernetes-packages]}
- {name: Runtime, hosts: all, tasks: [container-runtime]}
"""
SPOILED = """\
- {name: Packages, hosts: all, tasks: [kubernetes-packages]}
- {name: Runtime, hosts: all, tasks: [spoiling, container-runtime]}
"""
SPOILING = '''
from k8sops.engine.resource import Resource
from k8sops.engine.task import Task

TOUCHED = Resource(id="touched", check="[ -e /run/touched ] || drift", apply="touch /run/touched /etc/docker/daemon.json")
TASK = Task(name="spoiling", title="somebody else is at work", resources=lambda spec, host, fleet: [TOUCHED])
'''
INSTALL = """export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq -y install --no-install-recommends containerd docker.io >/dev/null 2>&1
tar -C / -ch usr/bin/sleep lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6 >/small.tar"""
THEIRS: dict[str, Any] = {
    "data-root": "/var/lib/docker/own",
    "dns": ["10.1.1.1"],
    "registry-mirrors": ["https://mirror.example.com"],
    "labels": ["token=hunter2"],
}
DAEMON, CONFIG = "/etc/docker/daemon.json", "/etc/containerd/config.toml"
OWN = """\
# Our own.
version = 2
disabled_plugins = ["cri"]

[plugins."io.containerd.grpc.v1.cri"]
  max_container_log_line_size = 99999
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]
    runtime_type = "io.containerd.kata.v2"
  [plugins."io.containerd.grpc.v1.cri".registry.configs."reg.example.com".auth]
    username = "bob"
    password = "hunter2"
"""
PREFLIGHT = 6


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A bare host with Docker and containerd from Debian, and a container of somebody's own."""
    made = Cluster(tmp_path_factory.mktemp("runtime"), "runtime")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "0")
    mirrors = yaml.safe_load(made.inventory.read_text())["mirrors"]["images"]
    (made.folder / "mirror").write_text(mirrors["registry.k8s.io"])
    made.edit(lambda data: data["mirrors"].pop("images"))
    (made.folder / "book.yaml").write_text(BOOK)
    (made.folder / "spoiled.yaml").write_text(SPOILED)
    (made.folder / "tasks").mkdir()
    (made.folder / "tasks" / "spoiling.py").write_text(SPOILING)
    made.on("cp1", INSTALL)
    yield made
    made.k8sops("lab", "down", made.name)


def k8sops(host: Cluster, *words: str, expect: int = 0, book: str = "book.yaml", pick: str = "*") -> Ran:
    """A command about the runtime alone, its journal in the folder of the test."""
    state = {"XDG_STATE_HOME": str(host.folder / "state")}
    about = ("-p", str(host.folder / book), "--skip-tags", "kubernetes-packages", "--pick", pick)
    return host.k8sops(*words, *about, expect=expect, env=state)


DOCKER_ONLY = "*/daemon.json,*/docker.service.d/*,service:docker"


def runtime(host: Cluster, name: str) -> None:
    host.edit(lambda data: data.update(runtime=name))


def kept_nowhere(host: Cluster) -> None:
    """No credential is in a journal, a memory or a plan."""
    files = [path for path in (host.folder / "state").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"hunter2" in path.read_bytes()]


def test_dockers_settings_and_containers_outlive_k8sops_and_the_restart_is_in_the_plan(host: Cluster) -> None:
    runtime(host, "docker")
    host.on("cp1", f"systemctl stop docker docker.socket\ncat >{DAEMON} <<'EOF'\n{json.dumps(THEIRS)}\nEOF\nchmod 0640 {DAEMON}")
    host.on("cp1", "systemctl start docker; docker import /small.tar small; docker run -d --name theirs --restart=always small /usr/bin/sleep 1000000")
    shown = k8sops(host, "plan", pick=DOCKER_ONLY).out
    assert "restarts because of file:/etc/docker/daemon.json" in shown
    assert "1 restart (cp1)" in shown
    assert "hunter2" not in shown
    assert "does not cover: restart" in k8sops(host, "apply", "--yes", pick=DOCKER_ONLY, expect=64).err
    assert json.loads(host.on("cp1", f"cat {DAEMON}")) == THEIRS
    k8sops(host, "apply", "--yes", "--allow", "restart", pick=DOCKER_ONLY)
    new = json.loads(host.on("cp1", f"cat {DAEMON}"))
    assert new.items() >= THEIRS.items()
    assert new["exec-opts"] == ["native.cgroupdriver=systemd"]
    assert "storage-driver" not in new
    assert host.on("cp1", "docker ps --format '{{.Names}} {{.State}}'") == "theirs running\n"
    assert host.on("cp1", "docker info -f '{{.DockerRootDir}} {{.CgroupDriver}}'") == "/var/lib/docker/own systemd\n"
    assert host.on("cp1", f"stat -c %a {DAEMON} {DAEMON}.k8sops-before").split() == ["640", "600"]
    assert json.loads(host.on("cp1", f"cat {DAEMON}.k8sops-before")) == THEIRS
    assert "no changes" in k8sops(host, "plan", pick=DOCKER_ONLY).out
    kept_nowhere(host)


def test_a_restart_that_comes_up_while_a_run_is_under_way_is_not_done(host: Cluster) -> None:
    since = host.on("cp1", "systemctl show -P ExecMainStartTimestamp docker; rm -f /run/touched")
    assert "1 change on 1 host" in k8sops(host, "plan", pick=f"touched,{DOCKER_ONLY}", book="spoiled.yaml").out
    ran = k8sops(host, "apply", "--yes", "--allow", "restart", pick=f"touched,{DOCKER_ONLY}", book="spoiled.yaml", expect=3)
    assert "needs a restart on cp1 that was not in the approved plan" in ran.out + ran.err
    assert host.on("cp1", "systemctl show -P ExecMainStartTimestamp docker") == since
    assert "1 restart (cp1)" in k8sops(host, "plan", pick=DOCKER_ONLY).out


def test_what_cannot_be_merged_is_refused_by_name(host: Cluster) -> None:
    host.on("cp1", f"""cp {DAEMON} /saved.json; echo '{{"dns": ["10.1.1.1"],,}}' >{DAEMON}
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd \\\\\\n --log-driver=journald\\n' >/etc/systemd/system/docker.service.d/own.conf""")
    ran = k8sops(host, "apply", "--yes", "--allow", "restart", "--ignore-preflight-errors", "all", pick=DOCKER_ONLY, expect=PREFLIGHT)
    assert f"[ERROR DockerConfig] cp1: {DAEMON}: line 1, column 22: invalid JSON" in ran.out
    assert ",," in host.on("cp1", f"cat {DAEMON}")
    shown = k8sops(host, "plan", pick=DOCKER_ONLY, expect=PREFLIGHT).out
    assert "[ERROR UnitOverride] cp1: /etc/systemd/system/docker.service.d/own.conf starts dockerd with --log-driver" in shown
    host.on("cp1", f"mv /saved.json {DAEMON}; rm /etc/systemd/system/docker.service.d/own.conf")


def test_what_debians_package_brings_is_no_setting_of_anybody(host: Cluster) -> None:
    runtime(host, "containerd")
    k8sops(host, "apply", "--yes")
    assert host.on("cp1", f"cat {CONFIG}").startswith("# Written by k8sops for containerd 1.x.")
    assert "config.toml.k8sops-before" not in host.on("cp1", "ls -A /etc/containerd")
    assert "ok" in host.on("cp1", "ctr plugins ls | grep -w cri")
    assert "no changes" in k8sops(host, "plan").out
    assert host.on("cp1", "docker ps --format '{{.Names}}'") == "theirs\n"


def test_containerds_own_settings_stay_and_files_that_take_precedence_are_named(host: Cluster) -> None:
    host.on("cp1", f"cat >{CONFIG} <<'EOF'\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n{OWN}EOF\nchmod 0600 {CONFIG}")
    shown = k8sops(host, "plan").out
    assert '+SystemdCgroup = true' in shown
    assert "hunter2" not in shown
    k8sops(host, "apply", "--yes")
    used = host.on("cp1", "containerd config dump")
    for word in ("SystemdCgroup = true", "max_container_log_line_size = 99999", 'password = "hunter2"', "kata"):
        assert word in used
    assert "ok" in host.on("cp1", "ctr plugins ls | grep -w cri")
    assert host.on("cp1", f"stat -c %a {CONFIG} {CONFIG}.k8sops-before").split() == ["600", "600"]
    assert "no changes" in k8sops(host, "plan").out
    kept_nowhere(host)
    host.on("cp1", """mkdir -p /etc/containerd/conf.d
printf 'version = 2\\n[plugins."io.containerd.grpc.v1.cri".containerd]\\ndefault_runtime_name = "runc"\\n' >/etc/containerd/conf.d/99-own.toml""")
    assert "SystemdCgroup = false" in host.on("cp1", "containerd config dump")
    shown = k8sops(host, "plan", expect=PREFLIGHT).out
    assert "[ERROR ContainerdOverride] cp1: /etc/containerd/conf.d/99-own.toml" in shown


def test_a_saved_plan_is_refused_once_the_file_is_another_one(host: Cluster, tmp_path: Path) -> None:
    host.on("cp1", f"rm /etc/containerd/conf.d/99-own.toml; sed -i s/99999/88888/ {CONFIG}; sed -i '/SystemdCgroup/d' {CONFIG}")
    k8sops(host, "plan", "--out", str(tmp_path / "plan.json"))
    assert b"hunter2" not in (tmp_path / "plan.json").read_bytes()
    host.on("cp1", f"sed -i s/88888/77777/ {CONFIG}")
    state = {"XDG_STATE_HOME": str(host.folder / "state")}
    ran = host.k8sops("apply", str(tmp_path / "plan.json"), expect=None, env=state)
    assert ran.code != 0
    assert "77777" in host.on("cp1", f"cat {CONFIG}")


@contextmanager
def project(mirror: str) -> Iterator[tuple[int, list[str]]]:
    """The lab's registry, as a project of Harbor has it: below /v2/proxy-k8s alone. Its port, and what was asked."""
    paths: list[str] = []

    class Project(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            if not self.path.startswith("/v2/proxy-k8s/"):
                self.send_error(404)
                return
            asked = Request(mirror + self.path.replace("/proxy-k8s", "", 1), method=self.command)
            asked.add_header("Accept", self.headers.get("Accept", "*/*"))
            try:
                answer = urlopen(asked)
            except HTTPError as error:
                answer = error
            with answer:
                body = answer.read()
                self.send_response(answer.status)
                for name in ("Content-Type", "Docker-Content-Digest", "Content-Length"):
                    if value := answer.headers.get(name):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("", 0), Project)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], paths
    finally:
        server.shutdown()
        server.server_close()


def test_images_come_from_a_mirror_below_a_path(host: Cluster) -> None:
    url = urlsplit((host.folder / "mirror").read_text())
    # This machine does not know the name by which the lab's hosts know the mirror.
    mirror = f"http://{host.on('cp1', f'getent ahostsv4 {url.hostname}').split()[0]}:{url.port}"
    book = "- {name: Fit, hosts: all, tasks: [preflight, kubernetes-packages]}\n- {name: Runtime, hosts: all, tasks: [container-runtime]}\n"
    (host.folder / "fit.yaml").write_text(book)

    def wanted(url: str) -> None:
        host.edit(lambda data: data["mirrors"].update(images={"registry.k8s.io": url}))

    with project(mirror) as (port, paths):
        base = f"http://{host.gateway()}:{port}"
        wanted(f"{base}/proxy-k8s")
        shown = k8sops(host, "plan", expect=PREFLIGHT, book="fit.yaml", pick="*hosts.toml").out
        assert "[ERROR ImageRegistry] cp1: cannot read the manifest of registry.k8s.io/pause:" in shown
        assert f"from the mirror {base}/proxy-k8s: HTTP 404; if /proxy-k8s is a project there, write {base}/v2/proxy-k8s" in shown
        wanted(f"{base}/v2/proxy-k8s")
        k8sops(host, "apply", "--yes", book="fit.yaml", pick="*hosts.toml")
        image = re.search(r"registry.k8s.io/pause:[0-9.]+[0-9]", shown)
        assert image
        paths.clear()
        host.on("cp1", f"ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d {image[0]} >/dev/null")
        assert image[0] in host.on("cp1", "ctr -n k8s.io images ls -q")
        assert any(path.startswith("/v2/proxy-k8s/pause/manifests/") for path in paths)
        assert not [path for path in paths if not path.startswith("/v2/proxy-k8s/pause/")]
    host.on("cp1", "echo 'server = \"https://own.example.com\"' >/etc/containerd/certs.d/registry.k8s.io/hosts.toml")
    shown = k8sops(host, "plan", expect=PREFLIGHT).out
    assert "[ERROR RegistryHosts] cp1: /etc/containerd/certs.d/registry.k8s.io/hosts.toml exists already" in shown
