"""Files of settings that are no longer declared are removed; files of others stay."""

from __future__ import annotations

from pathlib import Path

from bash import check, converge

from k8sops.resources.withdrawn import withdrawn


def test_only_files_of_ours_that_are_declared_no_more_go(tmp_path: Path) -> None:
    files = {
        "certs.d/a.example/hosts.toml": "# Written by k8sops: images of a\n",
        "certs.d/b.example/hosts.toml": "# Written by k8sops: images of b\n",
        "certs.d/c.example/hosts.toml": "server = 'mine'\n",
        "certs.d/d.example/hosts.toml": "",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    pattern = f"{tmp_path}/certs.d/*/hosts.toml"
    resource = withdrawn("x", pattern, [f"{tmp_path}/certs.d/a.example/hosts.toml"], first="# Written by k8sops")
    assert check(resource, tmp_path) == 10
    assert "settled 0" in converge([resource], tmp_path)
    assert check(resource, tmp_path) == 0
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("certs.d/*/hosts.toml")}
    assert left == files.keys() - {"certs.d/b.example/hosts.toml"}


def test_where_nothing_is_kept_and_nothing_lies_there_nothing_is_to_do(tmp_path: Path) -> None:
    assert check(withdrawn("x", f"{tmp_path}/none/*", []), tmp_path) == 0


def test_all_files_of_a_name_of_ours_count(tmp_path: Path) -> None:
    for name in ("90-k8sops-a.conf", "90-k8sops-b.conf", "99-mine.conf"):
        (tmp_path / name).write_text("a = 1\n")
    resource = withdrawn("x", f"{tmp_path}/90-k8sops-*.conf", [f"{tmp_path}/90-k8sops-a.conf"])
    assert "settled 0" in converge([resource], tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.conf")) == ["90-k8sops-a.conf", "99-mine.conf"]
