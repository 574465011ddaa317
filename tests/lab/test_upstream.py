"""A lab that gets Kubernetes from upstream. Upstream is the lab's mirror here, under upstream's own names and TLS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import Cluster, Ran

from k8sops.lab.engine import docker
from k8sops.lab.hosts import LABEL
from k8sops.lab.machine import need
from k8sops.lab.mirror import CONTAINER

pytestmark = pytest.mark.beside
PACKAGES, REGISTRIES = "pkgs.k8s.io", ("registry.k8s.io", "ghcr.io")
NAMES = (PACKAGES, *REGISTRIES)
HOSTS = ("cp1", "w1")
NGINX = f"""user www-data;
events {{}}
http {{
  access_log /dev/stdout;
  ssl_certificate /upstream/cert.pem;
  ssl_certificate_key /upstream/key.pem;
  server {{ listen 443 ssl; server_name {PACKAGES}; root /var/www/html; }}
  server {{ listen 443 ssl; server_name {" ".join(REGISTRIES)}; location / {{ proxy_pass http://mirror:5000; }} }}
}}
"""
RESOLVING = f"""import os, runpy, socket
real = socket.getaddrinfo
def resolve(host, *words, **more):
    return real(os.environ["UPSTREAM"] if host in {NAMES!r} else host, *words, **more)
socket.getaddrinfo = resolve
runpy.run_module("k8sops", run_name="__main__", alter_sys=True)
"""
"""k8sops, in a process where the names of upstream have the address in $UPSTREAM."""


@dataclass(frozen=True)
class Upstream:
    """A lab, and a container that serves packages and images as upstream does."""

    cluster: Cluster
    folder: Path
    address: str

    def lab_up(self, *words: str, address: str | None = None, expect: int = 0) -> Ran:
        """`lab up` where the names of upstream have this address."""
        argv = [sys.executable, "-c", RESOLVING, "lab", "up", self.cluster.name, "--workers", "1", *words]
        env = {"UPSTREAM": address or self.address, "SSL_CERT_FILE": str(self.folder / "cert.pem")}
        done = subprocess.run(
            [*argv, "--inventory", str(self.cluster.inventory)],
            capture_output=True,
            text=True,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def inventory(self) -> dict[str, dict[str, str]]:
        return dict(yaml.safe_load(self.cluster.inventory.read_text()))


def certificate(folder: Path) -> str:
    """A certificate for the names of upstream, which is its own authority; in `folder` with its key."""
    need(print, openssl="openssl")
    names = ",".join(f"DNS:{name}" for name in NAMES)
    wanted = ["-addext", f"subjectAltName={names}", "-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    files = ["-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=upstream", *wanted, *files]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return (folder / "cert.pem").read_text()


def serve(lab: str, folder: Path) -> str:
    """The container runs on the lab's network; its address. `lab down` removes it with the lab."""
    (folder / "nginx.conf").write_text(NGINX)
    name, image = f"k8sops-{lab}-upstream", docker("inspect", CONTAINER, "--format", "{{.Config.Image}}").strip()
    where = [f"--network=k8sops-{lab}", f"--volumes-from={CONTAINER}:ro", f"--volume={folder}:/upstream:ro"]
    command = ("nginx", "-c", "/upstream/nginx.conf", "-g", "daemon off;")
    docker("run", "--detach", f"--name={name}", f"--label={LABEL}={lab}", *where, image, *command)
    return docker("inspect", name, "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}").strip()


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """Two hosts that know the names of upstream, and trust its certificate."""
    made, folder = Cluster(tmp_path_factory.mktemp("lab"), "upstream"), tmp_path_factory.mktemp("upstream")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1")
    trusted = certificate(folder)
    address = serve(made.name, folder)
    for host in HOSTS:
        made.on(
            host,
            f"""cat >/usr/local/share/ca-certificates/upstream.crt <<'EOF'
{trusted}EOF
update-ca-certificates >/dev/null 2>&1
echo '{address} {" ".join(NAMES)}' >>/etc/hosts""",
        )
    yield Upstream(made, folder, address)
    made.k8sops("lab", "down", made.name)


def test_without_upstream_there_is_the_mirror(upstream: Upstream) -> None:
    refused = upstream.lab_up("--upstream", address="127.0.0.1", expect=3)
    assert all(f"\n  {name}: " in refused.err for name in NAMES)
    found = upstream.lab_up(address="127.0.0.1")
    assert "Kubernetes comes from the lab's mirror" in found.out
    assert all(f"\n  {name}: " in found.out for name in NAMES)
    assert upstream.inventory()["mirrors"]["packages"] == "http://mirror"


def test_a_cluster_from_upstream(upstream: Upstream) -> None:
    key = upstream.inventory()["packages"]["key"]
    programs = upstream.folder / "bin"
    programs.mkdir()
    said = upstream.lab_up("--kubectl", str(programs)).out
    assert "Kubernetes comes from upstream" in said
    assert "mirrors" not in upstream.inventory()
    version = subprocess.run([programs / "kubectl", "version", "--client"], capture_output=True, text=True, check=True)
    assert "v1.36.3" in version.stdout
    # Only upstream can sign with its key.
    upstream.cluster.edit(lambda data: data.update(packages={"key": key}))
    upstream.cluster.k8sops("apply", "--yes")
    upstream.cluster.k8sops("verify")
    upstream.cluster.healthy()
    served = docker("logs", f"k8sops-{upstream.cluster.name}-upstream")
    for host in HOSTS:
        # Not `hostname -I`, which may begin with an address of the pod network.
        address = upstream.cluster.on(host, "ip -4 -o address show dev eth0").split()[3].partition("/")[0]
        lines = [line for line in served.splitlines() if line.startswith(f"{address} ")]
        assert any("/core:/stable:/v1.36/deb/" in line and ".deb " in line for line in lines)
        assert any("/v2/flannel-io/flannel/manifests/" in line for line in lines)
        assert upstream.cluster.on(host, "grep -rl 'http://mirror[:/]' /etc/apt /etc/containerd || true") == ""
