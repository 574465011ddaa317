"""The operator's kubeconfig: what is foreign stays as it is, to the letter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kubeconfig_hosts import ADMIN
from test_members import spec

from k8sops.engine import localfile, yamlnodes
from k8sops.errors import InputError
from k8sops.operations import kubeconfig

FOREIGN = """\
apiVersion: v1
kind: Config
current-context: prod
preferences: {colors: yes}
clusters:
- name: prod
  cluster: {server: "https://10.1.1.1:6443", insecure-skip-tls-verify: true}
- null
- just text
- cluster: {server: x}
contexts:
- context: {cluster: prod, user: me, namespace: 1e3}
  name: prod
users:
- name: me
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: 0o777
      args: [yes, "yes", 2026-01-02, 1e3, "1e3", 0x1F, 010, 1_000, ~, 'null', "a: b", "#c", '']
      env:
      - {name: A, value: "on"}
      installHint: |
        two
        lines
extensions: []
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def write(digest: str = "d1", admin: str = ADMIN) -> Path:
    return kubeconfig.write(spec(), "cp1", admin, digest)


def check() -> None:
    kubeconfig.check(kubeconfig.read_files(), spec())


def names(path: Path, section: str) -> list[Any]:
    return [one["name"] for one in yaml.safe_load(path.read_text())[section] if isinstance(one, dict) and "name" in one]


def test_a_new_file_is_private_and_has_the_current_context(config: Path) -> None:
    check()
    assert write() == config
    assert config.stat().st_mode & 0o777 == 0o600
    data = yaml.safe_load(config.read_text())
    assert (data["current-context"], names(config, "users")) == ("demo", ["demo-admin"])
    assert kubeconfig.holds(kubeconfig.read_files(), spec(), "cp1", "d1")
    assert not kubeconfig.holds(kubeconfig.read_files(), spec(), "cp1", "d2")


def test_foreign_entries_keep_their_form_and_the_current_context_stays(config: Path) -> None:
    config.write_text(FOREIGN)
    config.chmod(0o640)
    write()
    after = yamlnodes.parse(config.read_text())
    before = yamlnodes.parse(FOREIGN)
    for section in ("clusters", "contexts", "users"):
        ours = yamlnodes.get(after, section)
        theirs = yamlnodes.get(before, section)
        assert ours is not None
        assert theirs is not None
        assert [*map(yamlnodes.text_of, ours.value)][:-1] == [*map(yamlnodes.text_of, theirs.value)]
    said = config.read_text()
    for form in ('[yes, "yes", 2026-01-02, 1e3, "1e3", 0x1F, 010, 1_000, ~, \'null\', "a: b", "#c", \'\']', "0o777"):
        assert form in said
    assert "current-context: prod" in said
    assert config.stat().st_mode & 0o777 == 0o640
    assert yaml.safe_load(said)["users"][0] == yaml.safe_load(FOREIGN)["users"][0]


@pytest.mark.parametrize(
    "text",
    [
        "clusters: [{name: demo, cluster: {server: 'https://other:6443'}}]",
        "contexts: [{name: demo, context: {cluster: prod, user: me}}]",
        "contexts: [{name: demo}]",
        "users: [{name: demo-admin, user: {token: t}}]",
        "clusters: [{name: demo, cluster: null}]",
        "clusters: [{name: demo, cluster: {extensions: [{name: other, extension: {}}]}}]",
    ],
)
def test_a_foreign_entry_of_the_name_is_refused(text: str, config: Path) -> None:
    config.write_text(text)
    for refused in (check, write):
        with pytest.raises(InputError, match=r"was not made by k8sops") as caught:
            refused()
        assert "kubeconfig.context" in caught.value.remedy
    assert config.read_text() == text
    assert not config.with_name("config.lock").exists()


def test_an_entry_of_ours_is_renewed_and_its_users_edits_stay(config: Path) -> None:
    write()
    data = yaml.safe_load(config.read_text())
    data["contexts"][0]["context"]["namespace"] = "shop"
    config.write_text(yaml.safe_dump(data | {"current-context": "", "clusters": data["clusters"] * 2}))
    check()
    write("d2", ADMIN.replace("Rk9P", "TkVX"))
    data = yaml.safe_load(config.read_text())
    assert data["contexts"][0]["context"] == {"cluster": "demo", "user": "demo-admin", "namespace": "shop"}
    assert data["users"][0]["user"]["client-certificate-data"] == "TkVX"
    assert [len(data[section]) for section in ("clusters", "contexts", "users")] == [1, 1, 1]
    assert data["current-context"] == "demo"


def test_a_link_stays_and_its_target_is_written(config: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "kube"
    config.symlink_to(real)
    write()
    assert config.is_symlink()
    assert names(real, "contexts") == ["demo"]
    config.unlink()
    config.symlink_to(config)
    with pytest.raises(InputError, match="cannot be"):
        check()


@pytest.mark.parametrize("text", ["", "null", "contexts: {}", "contexts: null\nclusters:\nusers: ~", "{}", "--- {}\n"])
def test_empty_forms_are_files_without_entries(text: str, config: Path) -> None:
    config.write_text(text)
    check()
    write()
    assert names(config, "contexts") == ["demo"]


@pytest.mark.parametrize(
    "text", ["- a", "text", "a: [", "contexts: {a: b}", "users: text", "a: 1\n---\nb: 2", "\0", "a: *x", "\xff\xfe"]
)
def test_what_is_not_a_kubeconfig_is_refused_and_kept(text: str, config: Path) -> None:
    config.write_bytes(text.encode("latin-1"))
    for refused in (check, write):
        with pytest.raises(InputError) as caught:
            refused()
        assert "config" in str(caught.value)
        assert "\n" not in caught.value.what
    assert config.read_bytes() == text.encode("latin-1")


def test_several_files_as_kubectl_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (tmp_path / name for name in "abc")
    monkeypatch.setenv("KUBECONFIG", f":{first}::{second}:{third}:{second}")
    assert kubeconfig.paths() == [first, second, third]
    second.write_text(FOREIGN)
    assert write() == second
    first.write_text("current-context: x")
    assert write("d2") == second, "where its cluster is already"
    assert not third.exists()
    third.write_text("contexts: [{name: demo, context: {cluster: prod}}]")
    with pytest.raises(InputError, match="was not made by k8sops"):
        check()


def test_of_files_that_do_not_exist_the_last_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/new/b")
    assert write() == tmp_path / "new" / "b"
    monkeypatch.setenv("KUBECONFIG", ":::")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kubeconfig.paths() == [tmp_path / ".kube" / "config"]


def test_a_read_only_file_and_a_locked_one_are_said(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(FOREIGN)
    config.chmod(0o400)
    for refused in (check, write):
        with pytest.raises(InputError, match="read-only"):
            refused()
    config.chmod(0o600)
    config.with_name("config.lock").touch()
    monkeypatch.setattr(localfile, "LOCK_SECONDS", 0.1)
    with pytest.raises(InputError, match="another program"):
        write()
    assert config.read_text() == FOREIGN
    config.with_name("config.lock").unlink()
    config.unlink()
    config.mkdir()
    with pytest.raises(InputError):
        check()


def test_a_file_keeps_its_owner(config: Path) -> None:
    if os.geteuid():
        pytest.skip("only root changes owners")
    config.write_text(FOREIGN)
    os.chown(config, 1234, 1235)
    write()
    assert (config.stat().st_uid, config.stat().st_gid) == (1234, 1235)


ODD = st.sampled_from(["yes", "1e3", "0o7", "~", "=", "<<", "\x85", "\u2028", "é"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ENTRY = st.fixed_dictionaries({}, optional={"name": JSON, "cluster": JSON, "context": JSON})
SECTION = st.lists(ENTRY | JSON, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("clusters", "contexts", "users", "other"), SECTION | JSON)))
def test_odd_files_are_kept_or_refused_and_never_a_traceback(data: dict[str, Any]) -> None:
    root = yamlnodes.parse(yaml.safe_dump(data))
    file = kubeconfig.File(Path("/tmp/never-written"), root)
    try:
        kubeconfig.check([file], spec())
    except InputError:
        return
    kubeconfig._merge(file, ADMIN, "d1", spec(), "cp1")
    after = yaml.safe_load(yamlnodes.text_of(root))
    for key, value in data.items():
        if key == "other" or not isinstance(value, list):
            assert key != "other" or after[key] == value
        else:
            assert [one for one in after[key] if one in value] == value
