"""The envelope: what is asked for arrives as that text, nothing swallows it, and nothing can pretend to be it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bash import bash, check, converge, hear, play, say, started
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered import GOLDEN

from k8sops.engine import shell
from k8sops.engine.resource import Resource, later
from k8sops.engine.shell import Secret, envelope, new_mark, parse_line, quote
from k8sops.engine.survey import read_survey
from k8sops.lab.machine import need
from k8sops.resources.files import absent, block, file
from k8sops.resources.kubernetes import nodes_ready

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
NASTY = [
    "$(touch owned)",
    "`touch owned`",
    "'; touch owned; '",
    "{{7*7}}",
    "../x",
    "-n",
    "a\nb",
    "%s%n",
    "\\",
    "'",
    "@k8sops:",
]


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_any_text_reaches_bash_as_that_text(text: str) -> None:
    done = subprocess.run(["bash", "-c", f"printf %s {quote(text)}"], capture_output=True, check=True)
    assert done.stdout.decode() == text


@settings(max_examples=25, deadline=None)
@given(TEXT | st.sampled_from(NASTY))
def test_any_text_reaches_a_file_as_that_text(text: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        owner = f"{folder.owner()}:{folder.group()}"
        wanted = file(str(folder / "f"), text, owner=owner)
        assert check(wanted, folder) == shell.DRIFT
        assert "settled 0" in converge([wanted], folder)
        assert (folder / "f").read_bytes().decode() == text
        assert check(wanted, folder) == shell.HOLDS
        assert sorted(path.name for path in folder.iterdir()) == ["f", "lock"]


def test_a_child_that_reads_stdin_does_not_swallow_the_script(tmp_path: Path) -> None:
    greedy = Resource("greedy", check="cat >/dev/null; true", apply=None)
    words = converge([greedy, greedy], tmp_path)
    assert words == ["begin 0", "checked 0 0", "begin 1", "checked 1 0", "facts", "end"]


def test_the_first_failure_ends_the_host_but_the_facts_are_told(tmp_path: Path) -> None:
    bad = Resource("bad", check="drift", apply="false; touch reached")
    words = converge([bad, bad], tmp_path)
    assert words == ["begin 0", "checked 0 10", "apply 0", "failed 0 1", "facts", "end"]
    assert not (tmp_path / "reached").exists()


def test_a_broken_check_is_never_followed_by_apply(tmp_path: Path) -> None:
    broken = Resource("broken", check="no_such_command_anywhere", apply="touch applied")
    assert converge([broken], tmp_path)[:2] == ["begin 0", "checked 0 127"]
    assert not (tmp_path / "applied").exists()


def test_what_still_drifts_after_apply_is_told(tmp_path: Path) -> None:
    assert "unsettled 0 10" in converge([Resource("x", check="drift", apply="true")], tmp_path)


def test_an_apply_that_is_never_done_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    stuck = Resource("stuck", check="drift", apply="(sleep 77.25; touch reached) & sleep 78; touch reached", deadline=1)
    mark, since = shell.new_mark(), time.monotonic()
    done = bash(play(mark, [stuck]), tmp_path)
    assert time.monotonic() - since < 30
    assert "it was not done within 1 s, and is ended" in done.out
    assert "Terminated" not in done.out + done.err
    assert f"{mark} failed 0 143" in done.out
    assert subprocess.run(["pgrep", "-f", "^sleep 77.25"], check=False).returncode == 1


def test_an_apply_is_not_waited_for_longer_than_it_takes(tmp_path: Path) -> None:
    since = time.monotonic()
    quick = Resource("quick", check="[ -e done ] || drift", apply="touch done; exit 0")
    assert "settled 0" in converge([quick], tmp_path)
    assert time.monotonic() - since < 20
    assert "failed 0 7" in converge([Resource("bad", check="drift", apply="exit 7; touch reached")], tmp_path)


def test_a_gate_is_waited_for(tmp_path: Path) -> None:
    gate = Resource("gate", check="[ -e n1 ] || { touch n1; drift; }", apply=None, settle=5)
    assert converge([gate], tmp_path)[:4] == ["begin 0", "checked 0 10", "wait 0", "settled 0"]


def test_a_survey_goes_on_behind_a_check_that_ends_its_shell(tmp_path: Path) -> None:
    says = {"holds": 0, "drift": 10, "unknown x": 11, "exit 0": 0, "echo $no_such_variable": 1, "false": 1, "cat": 0}
    marks = [f"touch {tmp_path}/{at}" for at in range(len(says))]
    checks = [f"{touch}; {check}" for touch, check in zip(marks, says, strict=True)]
    script = shell.survey_script("@m", [shell.Fragment(check.replace("holds", "true"), None, 0) for check in checks])
    seen = read_survey("@m", bash(script, tmp_path).out.splitlines())
    assert [seen[at].code for at in range(len(says))] == list(says.values())
    assert len(list(tmp_path.iterdir())) == len(says)


def test_what_several_checks_ask_for_is_asked_once(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for path in files:
        path.write_text(path.name)
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    wanted = [file(str(path), path.name, owner=owner) for path in files]
    script = shell.survey_script("@m", [one.fragment for one in wanted])
    assert script.count("ask_file ") == shell.bare(shell.LIBRARY).count("ask_file ") + 1
    seen = read_survey("@m", bash(script, tmp_path).out.splitlines())
    assert [seen[0].code, seen[1].code] == [shell.HOLDS, shell.HOLDS]
    files[1].write_text("other")
    seen = read_survey("@m", bash(script, tmp_path).out.splitlines())
    assert ([seen[0].code, seen[1].code], seen[1].was) == ([shell.HOLDS, shell.DRIFT], "other")


def test_what_cannot_be_told_at_the_moment_is_asked_again(tmp_path: Path) -> None:
    check = "[ -e n2 ] || { [ -e n1 ] && touch n2; touch n1; unknown 'not yet'; }"
    assert converge([Resource("x", check=check, apply="false", settle=30)], tmp_path)[:2] == ["begin 0", "checked 0 0"]
    assert "checked 0 11" in converge([Resource("x", check="unknown", apply="false", settle=1)], tmp_path)


@pytest.mark.parametrize(("says", "ready"), [("[+]ping ok [-]etcd failed", True), ("connection refused", False)])
def test_an_api_server_that_is_not_ready_yet_is_waited_for(says: str, ready: bool, tmp_path: Path) -> None:
    kubectl = f"kubectl() {{ [ ! -e asked ] || return 0; touch asked; echo {quote(says)}; return 1; }}"
    said = bash(envelope("@m", ["API=", kubectl, "api_answers; mark code $?"]), tmp_path).out
    assert f"@m code {int(not ready)}" in said


def test_a_node_that_is_not_ready_says_why(tmp_path: Path) -> None:
    said = 'w1\nw1 ready True\nw2\nw2 ready False\nw2 because "cni plugin not initialized"\nw2 annotate a=x because y\n'
    api = f"can_ask_api() {{ :; }}; api_answers() {{ :; }}; kubectl() {{ printf %s {quote(said)}; }}"
    gate = nodes_ready(["w1", "w2", "w3"]).check
    out = bash(envelope("@m", [api, "ask_nodes", "hear_api", f"( {gate} )", "mark code $?"]), tmp_path).out
    assert 'w2 NotReady: "cni plugin not initialized"\nw3 is not a node yet\n' in out
    assert "w1" not in out
    assert f"@m code {shell.DRIFT}" in out


@pytest.mark.parametrize(("failures", "code"), [(1, shell.HOLDS), (2, shell.UNKNOWN)])
def test_a_list_of_nodes_that_was_not_answered_is_no_cluster_without_nodes(
    failures: int, code: int, tmp_path: Path
) -> None:
    """A list that times out, or is asked for while the API server starts, although the server is ready right after."""
    api = f"""can_ask_api() {{ :; }}
kubectl() {{
  case $* in *readyz*) return 0 ;; esac
  echo x >>asked
  [ "$(wc -l <asked)" -gt {failures} ] || return 1
  printf 'w1\\nw1 ready True\\n'
}}"""
    gate = nodes_ready(["w1"]).check
    out = bash(envelope("@m", [api, "ask_nodes", "hear_api", f"( {gate} )", "mark code $?"]), tmp_path).out
    assert f"@m code {code}" in out


@pytest.mark.parametrize(
    ("says", "failures", "api"),
    [
        ("Unable to connect to the server: net/http: TLS handshake timeout", 1, "ready"),
        ("The connection to the server 10.0.0.1:6443 was refused", 2, "silent"),
        ('error: resource mapping not found for name: "a": no matches for kind "Widget"', 9, "ready"),
    ],
)
def test_objects_that_were_not_answered_are_not_taken_for_missing(
    says: str, failures: int, api: str, tmp_path: Path
) -> None:
    kubectl = f"""can_ask_api() {{ :; }}
kubectl() {{
  case $* in *readyz*) return 0 ;; esac
  cat >/dev/null
  echo x >>asked
  [ "$(wc -l <asked)" -gt {failures} ] || {{ echo {quote(says)} >&2; return 1; }}
  echo 'Widget -/a|1|1|'
}}"""
    words = [kubectl, "ask_objects '{kind: Widget}'", "hear_api", 'mark api $API "${OBJECT[Widget -/a]-none}"']
    out = bash(envelope("@m", words), tmp_path).out
    assert f"@m api {api} {'1|1|' if failures == 1 else 'none'}" in out


def test_later_is_unknown(tmp_path: Path) -> None:
    assert check(later("x", "it's not there"), tmp_path) == shell.UNKNOWN


def test_a_second_script_on_the_host_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen(["flock", str(tmp_path / "lock"), "sleep", "20"])
    try:
        (tmp_path / "lock").write_text("ann@laptop, pid 7, since noon\n")
        while subprocess.run(["flock", "-n", str(tmp_path / "lock"), "true"], check=False).returncode == 0:
            pass
        words = converge([Resource("x", check="drift", apply="touch applied")], tmp_path)
    finally:
        holder.kill()
        holder.wait()
    assert words[0].startswith("locked ann@laptop, pid 7")
    assert not (tmp_path / "applied").exists()


def test_what_a_death_in_the_middle_of_a_file_has_left_is_removed_by_the_next_write(tmp_path: Path) -> None:
    (tmp_path / ".k8sops.rUc8tdx6").write_text("half")
    whole = Resource(
        "f", check=f"[ -e {tmp_path}/f ] || drift", apply=f"printf x | put_file {tmp_path}/f 0600 $(id -un)"
    )
    assert "settled 0" in converge([whole], tmp_path)
    assert list(tmp_path.glob(".k8sops.*")) == []


SLOW = [
    Resource("first", check="[ -e one ] || drift", apply="touch began; sleep 1; touch one"),
    Resource("second", check="[ -e two ] || drift", apply="touch two"),
]


def wait_until_begun(folder: Path) -> None:
    while not (folder / "began").exists():
        time.sleep(0.01)


def test_a_script_whose_line_is_cut_ends_between_two_resources_and_frees_the_lock(tmp_path: Path) -> None:
    with started(play(shell.new_mark(), SLOW), tmp_path) as running:
        wait_until_begun(tmp_path)
        assert "first" in (tmp_path / "lock").read_text()
        assert running.stdin
        running.stdin.close()
        assert running.wait(5) == 76
    assert (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()
    assert subprocess.run(["flock", "-n", str(tmp_path / "lock"), "true"], check=False).returncode == 0


def test_a_step_is_finished_although_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    apply = "touch began; for i in 1 2 3 4 5; do echo $i; sleep 0.2; done; touch one"
    chatty = Resource("first", check="[ -e one ] || drift", apply=apply)
    with started(play(shell.new_mark(), [chatty, SLOW[1]]), tmp_path) as running:
        wait_until_begun(tmp_path)
        assert running.stdout
        running.stdout.close()
        assert running.wait(5) != 0
    assert (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()


def test_a_script_that_is_told_to_stop_finishes_what_runs_and_says_so(tmp_path: Path) -> None:
    mark = shell.new_mark()
    with started(play(mark, SLOW), tmp_path) as running:
        wait_until_begun(tmp_path)
        say(running, b"1\nstop\n")
        assert running.stdout
        markers = [shell.parse_line(mark, line.decode().rstrip()) for line in running.stdout]
    words = [" ".join([one.word, *one.args]) for one in markers if one]
    assert words[-4:] == ["settled 0", "stopped 1", "facts", "end"]
    assert not (tmp_path / "two").exists()


def test_a_silent_line_counts_as_cut_although_old_beats_are_still_in_the_pipe(tmp_path: Path) -> None:
    script = shell.envelope(shell.new_mark(), ["LISTENS=1", "sleep 0.2", "SECONDS=100", "heard", "mark alive"])
    with started(script + "5\n10\n", tmp_path) as running:
        assert running.wait(5) == 76


def test_the_lock_of_a_run_is_held_while_it_is_spoken_to_and_free_right_after(tmp_path: Path) -> None:
    mark, path = shell.new_mark(), tmp_path / "run.lock"
    script = shell.hold_script(mark, "ann@laptop: apply").replace(shell.RUN_LOCK, str(path))
    with started(script, tmp_path) as first:
        hear(first, "taken")
        with started(script, tmp_path) as second:
            hear(second, "held ann@laptop: apply")
            assert second.wait(5) == 75
        say(first, b"beat\n")
        hear(first, "beat")
        assert first.stdin
        first.stdin.close()
        assert first.wait(5) == 0
    with started(script, tmp_path) as third:
        hear(third, "taken")
        # Nobody speaks to it any more. It keeps the lock for one who is only slow, until somebody else asks for it.
        with pytest.raises(subprocess.TimeoutExpired):
            third.wait(4.5)
        with started(script, tmp_path) as fourth:
            hear(fourth, "taken")
            assert third.wait(1) == 0


def test_a_daemon_does_not_inherit_the_lock(tmp_path: Path) -> None:
    daemon = Resource("d", check="[ -e pid ] || drift", apply="sleep 30 >/dev/null 2>&1 & echo $! >pid")
    assert "settled 0" in converge([daemon], tmp_path)
    try:
        assert subprocess.run(["flock", "-n", str(tmp_path / "lock"), "true"], check=False).returncode == 0
    finally:
        subprocess.run(["kill", (tmp_path / "pid").read_text().strip()], check=True)


def test_a_secret_is_a_shell_variable_and_in_no_environment(tmp_path: Path) -> None:
    secret = Secret("token", "can't $(touch owned)")
    one = Resource(
        "s",
        check="[ -e out ] || drift",
        apply=f'printf %s "${secret.variable}" >out; env >environment',
        secrets=(secret,),
    )
    assert "settled 0" in converge([one], tmp_path)
    assert (tmp_path / "out").read_text() == secret.reveal()
    assert "SECRET_TOKEN" not in (tmp_path / "environment").read_text()
    assert "can't" not in repr(secret) + str(secret)


@pytest.mark.parametrize(("held", "patience", "code"), [(0.5, 20, 0), (60, 2, 1)])
def test_another_apt_is_waited_for_by_name_and_with_a_deadline(
    held: float, patience: int, code: int, tmp_path: Path
) -> None:
    lock = tmp_path / "lists-lock"
    lock.touch()
    take = f"import fcntl, time; f = open({str(lock)!r}, 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep({held})"
    with subprocess.Popen([sys.executable, "-c", take]) as holder:
        while str(lock.stat().st_ino) not in Path("/proc/locks").read_text():
            time.sleep(0.01)
        ready = ["dpkg() { :; }", "ls() { :; }", f"APT_LOCKS={lock} APT_PATIENCE={patience}", "apt_ready; mark code $?"]
        said = bash(envelope("@m", ready), tmp_path).out
        holder.kill()
    assert f"waiting for python3 (pid {holder.pid}), which holds {lock}" in said.replace("python3.11", "python3")
    assert f"@m code {code}" in said
    assert (f"gave up after {patience} s: " in said) == bool(code)


def test_what_a_host_prints_is_no_marker() -> None:
    assert parse_line("@k8sops:aa", "@k8sops:bb settled 0") is None
    assert parse_line("@k8sops:aa", "x @k8sops:aa settled 0") is None


def test_the_library_needs_no_more_than_the_envelope(tmp_path: Path) -> None:
    assert bash(envelope("@m", ["mark hello", "echo there"]), tmp_path).out.split("\n")[-2:] == ["there", ""]


def test_a_block_leaves_the_rest_of_the_file(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    assert "settled 0" in converge([block(str(hosts), "demo", ("10.0.0.1 cp1",))], tmp_path)
    assert "settled 0" in converge([block(str(hosts), "demo", ("10.0.0.2 cp1",))], tmp_path)
    expected = "127.0.0.1 localhost\n# k8sops demo begin\n10.0.0.2 cp1\n# k8sops demo end\n"
    assert hosts.read_text() == expected
    assert check(block(str(hosts), "demo", ("10.0.0.2 cp1",)), tmp_path) == shell.HOLDS


def test_a_file_that_belongs_nowhere_is_removed(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    assert "settled 0" in converge([absent(str(tmp_path / "old"))], tmp_path)
    assert not (tmp_path / "old").exists()


def test_the_mode_of_a_file_is_put_right(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("x")
    path.chmod(0o600)
    wanted = file(str(path), "x", owner=f"{path.owner()}:{path.group()}")
    assert check(wanted, tmp_path) == shell.DRIFT
    converge([wanted], tmp_path)
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("kind", ["rsa2048", "rsa4096", "ed25519"])
def test_fingerprints_of_openpgp_keys_are_those_of_gpg(kind: str, tmp_path: Path) -> None:
    need(print, gpg="gnupg", gpg_agent="gpg-agent")
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "a test", kind, "sign", "never"], check=True)
    listed = subprocess.run([*gpg, "--list-keys", "--with-colons"], check=True, capture_output=True, text=True).stdout
    expected = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    subprocess.run([*gpg, "--armor", "--export", "--output", str(tmp_path / "key.asc")], check=True)
    found = bash(envelope("@m", [f"openpgp_fingerprints <{tmp_path}/key.asc"]), tmp_path)
    assert found.out.split() == [expected]
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def test_the_api_can_be_asked_again_behind_a_first_answer(tmp_path: Path) -> None:
    """A check asks for itself where the survey had none: numbers of closed descriptors are reused."""
    stub = 'can_ask_api() { :; }; API=ready; command() { printf "Kind x/%s|1|1|\\n" "$ROUND"; }'
    ask = "ROUND={}; ask_nodes; ask_objects '{{}}'; hear_api"
    again = "ROUND=two; ask_objects '{}'; hear_api; echo \"${!OBJECT[@]}\""
    result = bash(envelope(new_mark(), [stub, ask.format("one"), again]), tmp_path)
    assert sorted(result.out.split()) == ["Kind", "Kind", "x/one", "x/two"]


def functions(text: str) -> set[str]:
    return set(re.findall(r"^ *([a-z_]+)\(\)", text, re.M))


def test_a_script_carries_the_parts_that_it_names_and_those_that_these_need() -> None:
    assert shell.parts_for("echo apt") == []
    assert shell.parts_for("apt_get update") == ["apt", "repository"]
    assert shell.parts_for('for one in $APT_RUNTIMES; do echo "$one"; done') == ["apt", "repository"]
    assert "repository" in shell.parts_for("openpgp_fingerprints <key.asc")
    library = functions(shell.LIBRARY).union(*map(functions, shell.PARTS.values()))
    for text in (path.read_text() for path in GOLDEN.rglob("*.sh")):
        script = envelope("@m", [text])
        used = library & set(re.findall(r"\w+", shell.bare(script)))
        assert used <= functions(script)
