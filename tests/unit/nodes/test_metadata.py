"""Labels, annotations and taints that are no longer declared are removed; those of others stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import make_spec
from k8sops.roles.nodes.metadata import DECLARED, metadata_of, node, withdrawn
from k8sops.roles.nodes.tasks.nodes import TASK

KUBECTL = r"""can_ask_api() { true; }
kubectl() {
  case "$1 $2" in
  "get --raw=/readyz") ;;
  "get nodes") cat NODES ;;
  *) printf '%s\n' "$*" >>CALLS ;;
  esac
}"""


def run(resource: Resource, nodes: list[str], folder: Path) -> tuple[int, str, list[str]]:
    """The check's code, what it prints, and the calls of kubectl with which it is applied, on a node of these lines."""
    import subprocess

    from k8sops.engine.shell import LIBRARY

    (folder / "NODES").write_text("".join(f"{line}\n" for line in nodes))
    (folder / "CALLS").write_text("")
    head = [LIBRARY, KUBECTL, "cd " + quote(str(folder))]
    check = "\n".join([*head, "ask_nodes; hear_api", resource.check])
    done = subprocess.run(["bash", "-c", check], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    apply = "\n".join([*head, "set -euo pipefail", str(resource.apply)])
    subprocess.run(["bash", "-c", apply], capture_output=True, text=True, check=True)
    return done.returncode, done.stdout, (folder / "CALLS").read_text().splitlines()


def note(*lines: str) -> str:
    return json.dumps(list(lines), separators=(",", ":"))


def test_what_is_declared_is_set_with_a_note_of_it(tmp_path: Path) -> None:
    resource = node("w1", labels={"disk": "ssd"}, annotations={"team": "a b"}, taints=["gpu:NoSchedule"])
    wanted = note("label disk=ssd", "annotate team=a b", "taint gpu=:NoSchedule")
    code, said, calls = run(resource, ["w1"], tmp_path)
    assert code == 10
    assert "wanted: label disk=ssd" in said
    assert calls == [
        "label --overwrite node w1 disk=ssd",
        "taint --overwrite node w1 gpu=:NoSchedule",
        f"annotate --overwrite node w1 team=a b {DECLARED}={wanted}",
    ]
    there = ["w1", "w1 label disk=ssd", "w1 annotate team=a b", "w1 taint gpu=:NoSchedule"]
    assert run(resource, [*there, f"w1 annotate {DECLARED}={wanted}"], tmp_path)[:2] == (0, "")


def test_what_is_declared_no_more_goes_and_its_note_too(tmp_path: Path) -> None:
    noted = note("label disk=ssd", "annotate team=a b", "taint gpu=yes:NoExecute")
    resource = node("w1", labels={}, annotations={}, noted=noted)
    there = ["w1", "w1 label disk=ssd", "w1 annotate team=a b", "w1 taint gpu=yes:NoExecute"]
    code, said, calls = run(resource, [*there, f"w1 annotate {DECLARED}={noted}"], tmp_path)
    assert code == 10
    assert "no longer declared: taint gpu=yes:NoExecute" in said
    assert calls == [
        "label node w1 disk-",
        "annotate node w1 team-",
        "taint node w1 gpu:NoExecute-",
        f"annotate node w1 {DECLARED}-",
    ]
    assert run(resource, ["w1"], tmp_path)[0] == 0


def test_what_somebody_else_has_set_since_stays(tmp_path: Path) -> None:
    noted = note("label disk=ssd")
    resource = node("w1", labels={}, annotations={}, noted=noted)
    _, said, calls = run(resource, ["w1", "w1 label disk=nvme", f"w1 annotate {DECLARED}={noted}"], tmp_path)
    assert "no longer declared" not in said
    assert calls == [f"annotate node w1 {DECLARED}-"]


@pytest.mark.parametrize(
    ("noted", "wanted", "gone"),
    [
        (["label a=1"], ["label a=2"], []),
        (["taint a=1:NoSchedule"], ["taint a=2:NoSchedule"], []),
        (["taint a=1:NoExecute"], ["taint a=1:NoSchedule"], ["taint a=1:NoExecute"]),
        (["label node-role.kubernetes.io/control-plane="], [], []),
        (["taint node-role.kubernetes.io/control-plane=:NoSchedule"], [], []),
        (["label node-role.kubernetes.io/gpu="], [], ["label node-role.kubernetes.io/gpu="]),
        (["anything $(reboot)"], [], []),
    ],
)
def test_only_keys_that_are_gone_are_withdrawn_and_nothing_of_kubeadm(
    noted: list[str], wanted: list[str], gone: list[str]
) -> None:
    assert withdrawn(json.dumps(noted), wanted) == gone


@pytest.mark.parametrize("noted", ["", "[", "{}", "null", "7", '"label a=1"'])
def test_a_note_that_is_none_of_ours_withdraws_nothing(noted: str) -> None:
    assert withdrawn(noted, []) == []


def test_texts_of_a_note_do_nothing(tmp_path: Path) -> None:
    evil = "annotate a=$(touch pwned)`touch pwned`'\"; touch pwned"
    resource = node("w1", labels={}, annotations={}, noted=note(evil))
    run(resource, ["w1", f"w1 {evil}"], tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_what_was_noted_at_the_beginning_of_a_run_holds_to_its_end() -> None:
    data = {"cluster": "demo", "kubernetes": "1.36.3", "groups": {
        "control_plane": {"hosts": {"cp1": {"address": "10.0.0.1"}}},
        "workers": {"hosts": {"w1": {"address": "10.0.0.2"}}}}}  # fmt: skip
    spec = make_spec(read_inventory(yamlfile.load(yaml.safe_dump(data), "inv.yaml")))
    line = 'w1 2026-11-28T18:00:00Z 10.0.0.2,  "[\\"label disk=ssd\\"]"'
    facts = {"cp1": HostFacts(api=True, more={"living.node": (line,)}), "w1": HostFacts()}
    fleet = Fleet(facts, frozenset(facts))
    decided = {type(value): value for value in TASK.decides(spec, fleet)}
    later = Fleet({"cp1": HostFacts(api=True), "w1": HostFacts()}, frozenset(facts), decisions=decided)
    assert "node:w1" in {one.id for one in TASK.resources(spec, spec.hosts[0], later)}
    assert metadata_of({"b": "2", "a": "1"}, {}, []) == ["label a=1", "label b=2"]
