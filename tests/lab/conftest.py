"""A lab of its own for the tests: real sshd, systemd, containerd, kubeadm. Left standing when a test fails."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sops.engine import journal
from k8sops.lab.machine import need

NAME = os.environ.get("K8SOPS_LAB", "test")
"""The lab of the tests; another name lets two checkouts test on one machine at the same time."""


@dataclass(frozen=True)
class Ran:
    """What a command of k8sops came to."""

    code: int
    out: str
    err: str

    def data(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Cluster:
    """The lab, and the commands as a user types them."""

    folder: Path
    name: str = NAME

    def __post_init__(self) -> None:
        if not self.name.startswith(NAME) and NAME != "test":
            object.__setattr__(self, "name", f"{NAME}-{self.name}")

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yaml"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def k8sops(
        self,
        *words: str, expect: int | None = 0, inventory: Path | None = None, env: dict[str, str] | None = None,
    ) -> Ran:  # fmt: skip
        where = {"K8SOPS_INVENTORY": str(inventory or self.inventory), "KUBECONFIG": str(self.kubeconfig)}
        env = {**os.environ, **where, **(env or {})}
        done = subprocess.run(
            [sys.executable, "-m", "k8sops", *words], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert expect is None or ran.code == expect, f"k8sops {' '.join(words)}: {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def lab_up(self, *words: str) -> Ran:
        """Hosts with the lab's mirror, whether upstream can be reached or not, or with none (`--bare`)."""
        source = [] if "--bare" in words else ["--mirror"]
        return self.k8sops("lab", "up", self.name, "--inventory", str(self.inventory), *source, *words)

    def on(self, host: str, script: str) -> str:
        """A script on a host, by docker and not by k8sops."""
        argv = ["docker", "exec", "-i", f"k8sops-{self.name}-{host}", "bash", "-e", "-s"]
        done = subprocess.run(argv, input=script, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def docker(self, words: str, *hosts: str) -> None:
        """A command of the engine on hosts of this lab. One that is busy cannot be frozen at every attempt (runc)."""
        argv = ["docker", *words.split(), *(f"k8sops-{self.name}-{host}" for host in hosts)]
        for _ in range(5):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if "unable to freeze" not in done.stderr:
                break
            time.sleep(1)
        assert done.returncode == 0, done.stderr

    def gateway(self, host: str = "cp1") -> str:
        """This machine, as the lab's hosts see it."""
        return self.on(host, "ip -4 route show default | head -n 1").split()[2]

    def apply(self, *words: str, expect: int = 0, allow: str = "") -> Any:
        """`apply --yes`, with leave for what disturbs more than files and packages only where a test names it."""
        allowed = ("--allow", allow) if allow else ()
        return self.k8sops("apply", "--yes", *allowed, "-o", "json", *words, expect=expect).data()

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """The inventory, changed; its first line still says that a lab wrote it."""
        text = self.inventory.read_text()
        data = yaml.safe_load(text)
        change(data)
        self.inventory.write_text(f"{text.splitlines()[0]}\n{yaml.safe_dump(data)}")

    def changes(self, *words: str) -> list[dict[str, Any]]:
        return list(self.k8sops("plan", "-o", "json", *words).data()["changes"])

    def healthy(self) -> dict[str, Any]:
        """The status, once it reports no problem.

        A scheduler or controller manager that could not renew its lease while etcd had no quorum exits, and kubelet
        starts it again after 10 s, 20 s, 40 s, …: until then `status` rightly calls the cluster unhealthy.
        """
        end = time.monotonic() + 180
        while (ran := self.k8sops("status", "-o", "json", expect=None)).code and time.monotonic() < end:
            time.sleep(5)
        assert ran.code == 0, f"{ran.out}\n{ran.err}"
        return dict(ran.data())

    def backups(self, *words: str) -> list[dict[str, Any]]:
        """What `etcd list` lists, the newest first; hosts that are silent are passed over."""
        return list(self.k8sops("etcd", "list", "-o", "json", *words, expect=None).data()["items"])

    def unsettled(self) -> list[dict[str, Any]]:
        """Changes that there are; pods and nodes that are only waited for have a minute to be ready again."""
        end = time.monotonic() + 60
        while (found := self.changes()) and time.monotonic() < end:
            if not all(one["resource"].startswith("gate:") for one in found):
                break
            time.sleep(2)
        return found


def bare_home(home: Path) -> dict[str, str]:
    """An operator whose ~/.ssh is empty: what this machine's own known_hosts may say is not asked."""
    return {"HOME": str(home), "XDG_STATE_HOME": str(journal.state_dir().parent)}


ENCRYPTION = "/etc/kubernetes/encryption"
SEALED = f"""apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [{{aescbc: {{keys: [{{name: one, secret: {base64.b64encode(b"k" * 32).decode()}}}]}}}}, {{identity: {{}}}}]
"""


def encrypting(cluster: Cluster, planes: Sequence[str]) -> None:
    """Secrets of the cluster that is to be made are encrypted at rest; these hosts have the file for it."""
    for host in planes:
        cluster.on(host, f"install -d -m 0700 {ENCRYPTION}; cat >{ENCRYPTION}/config.yaml <<'EOF'\n{SEALED}EOF")
    volume = {"name": "encryption", "host_path": ENCRYPTION, "mount_path": ENCRYPTION, "read_only": True}
    args = {"encryption-provider-config": f"{ENCRYPTION}/config.yaml"}
    cluster.edit(lambda data: data.update(api_server={"extra_args": args, "extra_volumes": [volume]}))


def age_identity(path: Path) -> str:
    """A new key of age in this file; its recipient."""
    need(print, age="age", age_keygen="age")
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    return recipient(path)


def recipient(key: Path) -> str:
    return subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One control plane and one worker, bare; taken down after the tests, and nothing of it may be left then."""
    made = Cluster(tmp_path_factory.mktemp("lab"))
    made.k8sops("lab", "down", NAME)
    made.lab_up("--workers", "1")
    yield made
    made.k8sops("lab", "down", NAME)
    for what in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        listed = subprocess.run(["docker", *what], check=True, capture_output=True, text=True).stdout
        assert f"k8sops-{NAME}" not in listed
    assert f"k8sops-{NAME}" not in Path("/proc/mounts").read_text()


@pytest.fixture(scope="session")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of one control plane and two workers that k8sops has made, for tests that edit or break it and put it
    back as it was."""
    made = Cluster(tmp_path_factory.mktemp("living"), "living")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "2")
    made.k8sops("apply", "--yes")
    yield made
    made.k8sops("lab", "down", made.name)


@pytest.fixture(autouse=True)
def _say_how_long(request: pytest.FixtureRequest) -> Iterator[None]:
    since = time.monotonic()
    yield
    print(f"\n{request.node.name}: {time.monotonic() - since:.0f} s", file=sys.stderr)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Why a test failed is said at once: what comes later may take an hour."""
    if report.failed:
        print(f"\n{report.nodeid} ({report.when})\n{report.longreprtext}", file=sys.__stderr__)


@pytest.fixture
def until() -> Callable[[Callable[[], bool], float], None]:
    """Waits until something holds, with a deadline in seconds."""

    def wait(holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"does not hold within {seconds} s"
            time.sleep(1)

    return wait
