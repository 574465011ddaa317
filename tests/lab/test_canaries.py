"""Secrets of every kind, 200 in all, through runs that succeed and runs that fail: none is found where it should not be."""

from __future__ import annotations

import os
import pty
import random
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Cluster
from sampler import in_files, on_host, sampling
from strikes import SEED

ROUNDS, FILES = 10, 19
pytestmark = pytest.mark.beside
BOOK = "- {name: Secrets, hosts: workers, tasks: [names, private]}\n"
TASK = '''\
"""Files of root's alone; one that is called `bad` cannot be written, and the step prints what it has."""

import json
from dataclasses import replace
from pathlib import Path

from k8sops.resources.files import private_file
from k8sops.engine.shell import Secret
from k8sops.engine.task import Task


def _resources(spec, host, fleet):
    for name, value in json.loads(Path(spec.folder, "values.json").read_text()).items():
        one = private_file(f"/etc/private/{name}", Secret(name, value))
        if name.startswith("bad"):
            one = replace(one, apply=f'printf "got: %s\\\\n" "$SECRET_{name.upper()}"; {one.apply}; ls /nowhere')
        yield one


TASK = Task(name="private", title="files of root's alone", resources=_resources)
'''
ODD = "'\"`$!\\ {}[]()<>|&;#%*?~-"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("canary"), "canary")
    made.k8sops("lab", "down", made.name)
    made.lab_up("--workers", "1", "--bare")
    (made.folder / "book.yaml").write_text(BOOK)
    (made.folder / "tasks").mkdir()
    (made.folder / "tasks" / "private.py").write_text(TASK)
    for host in ("cp1", "w1"):
        made.on(host, "rm -f /etc/sudoers.d/*; echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/ops")
    yield made
    made.k8sops("lab", "down", made.name)


def canary(chance: random.Random) -> str:
    """A word that stands nowhere else."""
    return "canary" + "".join(chance.choices(string.ascii_letters + string.digits, k=18))


def at_a_terminal(hosts: Cluster, state: Path, password: str, *words: str) -> tuple[int, str]:
    """k8sops, asked for sudo's password at a terminal, as a person is."""
    child, terminal = pty.fork()
    if child == 0:
        env = {**os.environ, "K8SOPS_INVENTORY": str(hosts.inventory), "XDG_STATE_HOME": str(state), "TERM": "dumb"}
        os.execve(sys.executable, [sys.executable, "-m", "k8sops", *words, "-K"], env)
    said = b""
    answered = False
    while True:
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
        if not answered and b"sudo password" in said:
            answered = True
            os.write(terminal, password.encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode(errors="replace")


def test_no_secret_is_found_where_it_should_not_be(hosts: Cluster, tmp_path: Path) -> None:
    import json

    chance = random.Random(f"{SEED}:canaries")
    words: list[str] = []
    book = ("-p", str(hosts.folder / "book.yaml"))
    said = ""
    with sampling() as seen:
        for at in range(ROUNDS):
            fails = at % 2 == 1
            words += (mine := [canary(chance) for _ in range(FILES + 1)])
            values = {f"v{n}": f"{chance.choice(ODD)}{word}{chance.choice(ODD)}\n" for n, word in enumerate(mine[1:])}
            # A key as files hold them, of several lines.
            values["v0"] = f"-----BEGIN KEY-----\n{values['v0'].strip()}\n-----END KEY-----\n"
            if fails:
                values["bad"] = values.pop("v0")
            (hosts.folder / "values.json").write_text(json.dumps(values))
            password = mine[0] + "".join(chance.sample(ODD, 4)).replace(":", "")
            for host in ("cp1", "w1"):
                hosts.on(host, f"chpasswd <<'END'\nops:{password}\nEND")
            state = tmp_path / f"state{at}"
            code, text = at_a_terminal(hosts, state, password, "plan", "--out", str(tmp_path / f"plan{at}"), *book)
            assert code == 0, text
            said += text
            code, text = at_a_terminal(hosts, state, password, "apply", "--yes", "--diff", *book)
            assert code == (3 if fails else 0), text
            said += text
            if fails:
                assert "got: " in text
            code, text = at_a_terminal(hosts, state, mine[0] + "wrong", "check", *book)
            assert code == 4, text
            said += text
            assert hosts.on("w1", "cat /etc/private/v3").strip() == values["v3"].strip()
    assert len(words) == 200
    assert any("sudo\0-S" in one for one in seen), "the processes of the hosts were not among them"
    processes = "\n".join(seen)
    assert [word for word in words if word in processes] == []
    assert [word for word in words if word in said] == []
    assert in_files([tmp_path], words) == []
    for host in ("cp1", "w1"):
        assert on_host(hosts, host, words, "^/etc/private/") == ""
        assert on_host(hosts, host, ["COMMAND=/usr/bin/timeout"]) != "", "the logs of sudo were not among them"
    print(f"seed {SEED}: {len(words)} secrets, {len(seen)} arguments and environments seen, 0 found")
