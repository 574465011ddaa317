"""Playbooks: tasks and imports are resolved when one is loaded, and what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8sops.engine.playbook import Play, Playbook, load_playbook
from k8sops.engine.render import data_path
from k8sops.errors import InputError


def load(folder: Path, **files: str) -> Playbook:
    """The playbook `book` of these files."""
    playbooks = folder / "playbooks"
    playbooks.mkdir(exist_ok=True)
    for name, text in files.items():
        (playbooks / f"{name}.yaml").write_text(text)
    return load_playbook(playbooks / "book.yaml", folder)


def shipped(name: str) -> dict[str, Play]:
    return {play.name: play for play in load_playbook(data_path("playbooks", f"{name}.yaml")).plays}


def tasks(play: Play) -> list[str]:
    return [task.name for task in play.tasks]


def test_a_play_holds_its_tasks(tmp_path: Path) -> None:
    book = load(tmp_path, book="- {name: One, hosts: all, tasks: [swap, kernel], tags: [hosts], serial: 1}\n")
    (play,) = book.plays
    assert [task.title for task in play.tasks] == [book.tasks["swap"].title, book.tasks["kernel"].title]
    assert (play.serial, play.tags) == (1, ("hosts",))


def test_plays_are_imported_whole_by_name_and_without_tasks(tmp_path: Path) -> None:
    other = "- {name: A, hosts: all, tasks: [swap]}\n- {name: B, hosts: workers, serial: 1, tasks: [kernel, names]}\n"
    whole = load(tmp_path, other=other, book="- import_playbook: other.yaml\n")
    assert whole.plays == load_playbook(tmp_path / "playbooks/other.yaml", tmp_path).plays
    book = (
        "- import_playbook: other.yaml\n  plays: [B]\n  skip_tasks: [names]\n- {name: C, hosts: all, tasks: [swap]}\n"
    )
    one, two = load(tmp_path, book=book).plays
    assert (one.name, one.hosts, one.serial, tasks(one), two.name) == ("B", "workers", 1, ["kernel"], "C")


def test_the_users_own_playbook_wins_and_may_add_to_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    site = tmp_path / "playbooks" / "site.yaml"
    site.write_text("- import_playbook: site.yaml\n- {name: Mine, hosts: all, tasks: [swap]}\n")
    book = load(tmp_path, book="- {import_playbook: site.yaml, plays: [Mine]}\n")
    assert [play.name for play in book.plays] == ["Mine"]
    assert [play.name for play in load_playbook(site, tmp_path).plays] == [*shipped("site"), "Mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {import_playbook: sit.yaml}\n", ":1:4: no playbook `sit.yaml`\n  did you mean `site.yaml`?"),
        ("- {import_playbook: book.yaml}\n", ":1:4: playbooks import each other: book.yaml -> book.yaml"),
        ("- {import_playbook: a.yaml}\n", "b.yaml:1:3: playbooks import each other: book.yaml -> a.yaml -> b.yaml -> "),
        (
            "- import_playbook: site.yaml\n  plays: [Workers, Cluster networks]\n",
            ":2:20: site.yaml has no play “Cluster networks”\n  did you mean `Cluster network`?",
        ),
        (
            "- import_playbook: site.yaml\n  skip_tasks: [swp]\n",
            ":2:16: no imported play has a task `swp`\n  did you mean `swap`?",
        ),
        ("- import_playbook: site.yaml\n  hosts: all\n", ":2:3: unknown key `hosts` in an import"),
        (
            "- import_playbook: site.yaml\n  plays: [Cluster network]\n",
            ":2:11: play “Cluster network”: task `cni` needs `kubeadm-init` before it",
        ),
        ("- {name: A, hosts: all, tasks: [swap, kernl]}\n", ":1:39: unknown task `kernl`\n  did you mean `kernel`?"),
        ("- {name: A, hosts: all, tasks: [cni]}\n", ":1:33: play “A”: task `cni` needs `kubeadm-init` before it"),
        ("- {name: A, hosts: all, task: [cni]}\n", ":1:25: unknown key `task` in a play\n  did you mean `tasks`?"),
        ("- {name: A, hosts: all, tasks: swap}\n", ":1:25: `tasks`: expected a list of task names"),
        ("- {name: A, hosts: all, tasks: [], serial: true}\n", "`serial`: expected a number or a percentage"),
        ("- swap\n", ":1:3: a play must be a mapping"),
        ("{}\n", ":1:1: a playbook must be a list of plays"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    cycle = {"a": "- import_playbook: b.yaml\n", "b": "- import_playbook: a.yaml\n"}
    with pytest.raises(InputError) as caught:
        load(tmp_path, book=text, **cycle)
    assert message in str(caught.value)


def test_a_restore_on_new_hosts_imports_the_plays_of_the_site() -> None:
    site, book = shipped("site"), shipped("etcd-restore-new-hosts")
    same = {name for name in book if name in site}
    assert len(same) == 9
    text = data_path("playbooks", "etcd-restore-new-hosts.yaml").read_text()
    assert text.count("- name:") == 3
    left_out = {task for name in same for task in set(tasks(site[name])) - set(tasks(book[name]))}
    assert left_out == {"secrets", "edits", "health"}
    assert list(book)[:3] == [*list(site)[:2], "First control plane, from the backup's PKI and data"]
