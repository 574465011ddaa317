"""The command line as it is typed: exit codes, words, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from k8sops.cli import run

ROOT = Path(__file__).resolve().parents[3]


def k8sops(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("K8SOPS")}
    argv = [sys.executable, "-m", "k8sops", *words]
    return subprocess.run(argv, cwd=cwd, env={**kept, **env}, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["aply"], 64, "no such command: `k8sops aply`; did you mean `k8sops apply`?\n  k8sops --help"),
        (["upgrade"], 64, "`k8sops upgrade` is not available yet\n  Until then: upgrade with kubeadm"),
        (["destroy"], 64, "did you mean `k8sops reset`?"),
        (["etcd", "stats"], 64, "no such command: `k8sops etcd stats`; did you mean `k8sops etcd status`?"),
        (["plan", "--no-such"], 64, "No such option"),
        (["plan", "--forks", "many"], 64, "--forks"),
        (["plan"], 5, "inventory.yaml: inventory not found"),
        (["apply"], 64, "Not a terminal: cannot ask for confirmation.\n  Use --yes, or --check to preview."),
        (["runs", "show", "nothing"], 5, "no run `nothing`"),
    ],
)
def test_what_is_wrong_is_said_in_one_breath(
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run(words) == code
    out, err = capsys.readouterr()
    assert said in err
    assert "Traceback" not in out + err


def test_a_process_ends_with_the_code_and_the_words_of_its_error(tmp_path: Path) -> None:
    done = k8sops("aply", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "")
    assert "did you mean `k8sops apply`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_writes_an_inventory_once_and_it_can_be_explained(tmp_path: Path) -> None:
    assert k8sops("init", cwd=tmp_path).returncode == 0
    assert k8sops("init", cwd=tmp_path).returncode == 5
    shown = k8sops("inventory", "show", "w01", "-o", "json", cwd=tmp_path)
    data = json.loads(shown.stdout)
    assert (data["apiVersion"], data["kind"], data["host"]) == ("k8sops/v1", "HostSettings", "w01")
    settings = {one["setting"]: one for one in data["settings"]}
    assert settings["labels.disk"]["value"] == "ssd"
    assert settings["ssh.user"]["where"].startswith("inventory.yaml:")
    assert "did you mean `w01`?" in k8sops("inventory", "show", "w1", cwd=tmp_path).stderr


def test_names_that_are_none_are_refused_before_any_host_is_asked(tmp_path: Path) -> None:
    k8sops("init", cwd=tmp_path)
    state = str(tmp_path / "state")
    assert "no host or group `wx`" in k8sops("plan", "-l", "wx", cwd=tmp_path, XDG_STATE_HOME=state).stderr
    assert "no task or tag `swp`" in k8sops("plan", "-t", "swp", cwd=tmp_path, XDG_STATE_HOME=state).stderr
    assert "no playbook `upgrade`" in k8sops("plan", "-p", "upgrade", cwd=tmp_path, XDG_STATE_HOME=state).stderr


def test_a_wheel_carries_all_that_it_needs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = k8sops("init", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"), PYTHONSAFEPATH="1")
    assert done.returncode == 0, done.stderr
    where = [sys.executable, "-c", "import k8sops.engine.render as r; print(r.data_path('playbooks', 'site.yaml'))"]
    found = subprocess.run(
        where,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert found.startswith(str(tmp_path))
    assert Path(found).exists()


def test_ctrl_c_is_answered_in_words(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    os.mkfifo(inventory)
    argv = [sys.executable, "-m", "k8sops", "plan", "-i", str(inventory)]
    # A shell starts what runs in its background with SIGINT ignored, and these tests may run there.
    running = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    # Opened for writing only once k8sops reads it: then it waits for what never comes.
    with inventory.open("w"):
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=20)[1]
    assert running.returncode == 130
    assert "stopped by Ctrl-C" in said
    assert "Traceback" not in said


def test_a_saved_plan_that_is_none_is_named_and_narrowed_by_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    assert run(["show", str(file)]) == 5
    assert "no such file" in capsys.readouterr().err
    for text in ("{", "[]", '{"apiVersion": "k8sops/v1", "kind": "SavedPlan"}'):
        file.write_text(text)
        assert run(["apply", str(file)]) == 5
        assert f"{file}: not a saved plan" in capsys.readouterr().err
    keys = {"version": "", "inventory": {}, "playbook": "", "filters": {}, "waived": [], "plan": {}, "steps": []}
    file.write_text(json.dumps({"apiVersion": "k8sops/v1", "kind": "SavedPlan", **keys}))
    assert run(["apply", str(file), "-l", "w1"]) == 64
    assert "a saved plan cannot be narrowed" in capsys.readouterr().err
