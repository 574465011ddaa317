"""A field of HostSettings is all it takes for a setting: merged, given to every task, and shown, whatever its type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkout import copy_checkout, run_python

from k8sops.inventory import yamlfile
from k8sops.inventory.load import InventoryHost, read_inventory
from k8sops.inventory.settings import HostSettings
from k8sops.inventory.spec import HostEntry, make_spec

ADDED = """\
class Inner(Model):
    deep: int = 0
    flag: Switch = False


class HostSettings(Model):
    number: int = 1
    switch: Switch = True
    word: Line | None = "default"
    words: list[Line] = []
    pairs: dict[str, int] = {}
    inner: Inner = Inner()
    either: Line | Inner = "text"
    rows: list[Inner] = []
"""
INVENTORY = """\
cluster: demo
kubernetes: "1.36.3"
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11}}}
  workers:
    number: 7
    switch: false
    word: group
    words: [a, b]
    pairs: {a: 1, b: 2}
    inner: {deep: 3}
    either: {deep: 1}
    rows: [{deep: 1}]
    hosts:
      w1: {address: 10.0.0.21}
      w2:
        address: 10.0.0.22
        number: 0
        word: null
        words: []
        pairs: {b: 3}
        inner: {flag: true}
        either: host
"""
PROGRAM = """\
import json
from pathlib import Path
from k8sops.inventory.load import load_inventory
from k8sops.inventory.settings import HostSettings
from k8sops.inventory.spec import make_spec

names = list(HostSettings.model_fields)[:8]
for host in make_spec(load_inventory(Path("inventory.yaml"))).hosts:
    values = {name: getattr(host, name) for name in names}
    print(json.dumps(values, default=lambda model: model.model_dump()))
"""
SHOWN = {
    "address": ("10.0.0.22", 17),
    "number": (0, 18),
    "switch": (False, 7),
    "word": (None, 19),
    "words": ([], 20),
    "pairs.a": (1, 10),
    "pairs.b": (3, 21),
    "inner.deep": (3, 11),
    "inner.flag": (True, 22),
    "either": ("host", 23),
    "rows": ([{"deep": 1}], 13),
}


def test_a_field_added_to_the_model_arrives_and_is_shown(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path)
    models = checkout / "k8sops/inventory/settings.py"
    models.write_text(models.read_text().replace("class HostSettings(Model):\n", ADDED))
    (checkout / "inventory.yaml").write_text(INVENTORY)
    run = run_python(checkout, ["-c", PROGRAM])
    assert run.returncode == 0, run.stderr
    cp1, w1, w2 = (json.loads(line) for line in run.stdout.splitlines())
    default = {"deep": 0, "flag": False}
    assert list(cp1.values()) == [1, True, "default", [], {}, default, "text", []]
    row = {"deep": 1, "flag": False}
    assert list(w1.values()) == [7, False, "group", ["a", "b"], {"a": 1, "b": 2}, {**default, "deep": 3}, row, [row]]
    assert list(w2.values()) == [0, False, None, [], {"a": 1, "b": 3}, {"deep": 3, "flag": True}, "host", [row]]
    show = ["-m", "k8sops", "inventory", "show", "w2"]
    run = run_python(checkout, [*show, "-o", "json"])
    assert run.returncode == 0, run.stdout + run.stderr
    rows = {one["setting"]: (one["value"], one["where"]) for one in json.loads(run.stdout)["settings"]}
    assert {name: (value, int(where.split(":")[1])) for name, (value, where) in rows.items()} == SHOWN
    run = run_python(checkout, show)
    assert run.returncode == 0, run.stdout + run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()[1:]] == list(SHOWN)


def test_a_host_of_the_cluster_has_every_setting_of_the_model() -> None:
    assert set(HostSettings.model_fields) <= set(HostEntry.model_fields)


HOSTS = """\
cluster: demo
kubernetes: "1.36.3"
ssh: {user: ops, port: 2222}
runtime: docker
groups:
  control_plane: {hosts: {cp1: {address: 10.0.0.11, taints: []}}}
  workers: {runtime: containerd, hosts: {w1: {address: 10.0.0.21, ssh: {port: 22}, runtime: null}}}
"""


def hosts_of(text: str) -> list[InventoryHost]:
    return list(read_inventory(yamlfile.load(text, "inv.yaml")).hosts)


def test_null_takes_back_what_a_group_says() -> None:
    cp1, w1 = make_spec(read_inventory(yamlfile.load(HOSTS, "inv.yaml"))).hosts
    assert (cp1.runtime, w1.runtime) == ("docker", "docker")
    assert (cp1.untainted, w1.untainted) == (True, False)
    assert w1.ssh.model_dump(exclude_none=True) == {"user": "ops", "port": 22}


def test_an_address_is_the_one_that_the_kernel_prints() -> None:
    text = HOSTS.replace("10.0.0.11", '"0:0::11"')
    assert make_spec(read_inventory(yamlfile.load(text, "inv.yaml"))).hosts[0].address == "::11"


@pytest.mark.parametrize("name", ["cp1", "w1"])
def test_every_setting_is_explained_once(name: str) -> None:
    (host,) = (host for host in hosts_of(HOSTS) if host.name == name)
    names = [setting.name for setting in host.explained]
    assert len(names) == len(set(names))
