"""Bad input: one clear error with file, line, column and what would be right; never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sops import yamlfile
from k8sops.errors import InputError
from k8sops.inventory import expand, load_inventory, read_inventory
from k8sops.patterns import select
from k8sops.render import data_path
from k8sops.spec import ClusterSpec, make_spec

GOOD = """\
cluster: demo
kubernetes: "1.36.3"
network: {pods: 10.244.0.0/16, services: 10.96.0.0/12}
sysctl: {vm.max_map_count: 262144}
groups:
  control_plane:
    hosts: {cp1: {address: 10.0.0.11}}
  workers:
    labels: {disk: ssd}
    hosts:
      "w[01:03]": {address: "10.0.1.[1:3]", labels: {zone: a}}
      gpu: {address: 10.0.2.1, labels: {disk: nvme}, taints: ["gpu=true:NoSchedule"]}
"""


def spec_of(text: str) -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(text, "inv.yaml")))


BAD = {
    "unknown key": (("cluster: demo", "cluster: demo\nkubernets: x"), 'inv.yaml:2:1: `kubernets` is no setting; did you mean `kubernetes`?'),
    "unknown key of a host": (("{address: 10.0.0.11}", "{address: 10.0.0.11, lables: {}}"), "inv.yaml:7:39: `lables` is no setting; did you mean `labels`?"),
    "wrong type": (("labels: {disk: ssd}", "labels: 3"), "inv.yaml:9:5: `groups.workers.labels`: a map is wanted here, not the number 3"),
    "a list for a map": (("network: {pods: 10.244.0.0/16, services: 10.96.0.0/12}", "network: [a]"), "inv.yaml:3:1: `network`: a map is wanted here, not a list"),
    "duplicate key": (("cluster: demo", "cluster: demo\ncluster: other"), "inv.yaml:2:1: `cluster` stands here a second time, first in line 1"),
    "duplicate host": (("gpu: {address: 10.0.2.1,", "w02: {address: 10.0.2.1,"), "inv.yaml:12:7: host `w02` stands here a second time, first at inv.yaml:11:7"),
    "duplicate address": (("10.0.2.1", "10.0.1.2"), "inv.yaml:12:7: `gpu` has the address of `w02`, 10.0.1.2"),
    "unquoted version": (('"1.36.3"', "1.30"), 'inv.yaml:2:1: `kubernetes: 1.3` is a number'),
    "no patch release": (('"1.36.3"', '"1.36"'), "inv.yaml:2:1: `kubernetes: '1.36'` is no exact version"),
    "unsupported version": (('"1.36.3"', '"1.12.1"'), "inv.yaml:2:1: `kubernetes`: this Kubernetes is not supported; supported minors: 1.19"),
    "bad CIDR": (("10.244.0.0/16", "10.244.0.0/40"), "inv.yaml:3:11: `network.pods`:"),
    "host bits": (("10.244.0.0/16", "10.244.1.0/16"), "inv.yaml:3:11: `network.pods`: 10.244.1.0/16 has host bits set\n  10.244.0.0/16 is its network"),
    "overlapping CIDRs": (("10.96.0.0/12", "10.244.128.0/20"), "inv.yaml:3:32: the services 10.244.128.0/20 overlap the pods 10.244.0.0/16"),
    "host among the pods": (("address: 10.0.0.11", "address: 10.244.0.11"), "inv.yaml:7:19: 10.244.0.11 of `cp1` lies in network.pods"),
    "no control plane": (("control_plane:", "others:"), "there is no control plane"),
    "alias": (("{disk: ssd}", "&x {disk: ssd}"), "inv.yaml:9:13: anchors (&name) are not allowed"),
    "tab": (("    labels: {disk", "\tlabels: {disk"), "inv.yaml:9:1: a tab in the indentation"),
    "shell in a host name": (("gpu:", '"$(id)":'), "inv.yaml:12:7: `$(id)` is no host name"),
    "shell in an address": (("10.0.2.1", "'10.0.2.1;id'"), "inv.yaml:12:13: `groups.workers.hosts.gpu.address`"),
    "newline in a label": (("nvme", '"a\\nb"'), "inv.yaml:12:41: `groups.workers.hosts.gpu.labels.disk`"),
    "ranges of two lengths": (("10.0.1.[1:3]", "10.0.1.[1:2]"), "inv.yaml:11:20: 3 names but 2 addresses"),
    "taint without effect": (("gpu=true:NoSchedule", "gpu=true"), "inv.yaml:12:63: `groups.workers.hosts.gpu.taints.0`"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_with_its_place(name: str) -> None:
    (old, new), expected = BAD[name]
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        spec_of(GOOD.replace(old, new, 1))
    assert expected in str(caught.value)
    assert caught.value.exit_code == 5


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        spec_of(GOOD.replace("cluster: demo", "cluster: Demo").replace("{disk: ssd}", "{disk: [1]}"))
    assert "inv.yaml:1:1" in str(caught.value)
    assert "inv.yaml:9:14" in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 30))
def test_nothing_but_an_input_error_comes_of_any_text(noise: str, at: int, length: int) -> None:
    for text in (noise, GOOD[:at] + noise[:20] + GOOD[at + length :]):
        try:
            spec_of(text)
        except InputError:
            continue


def test_the_nearest_setting_wins_and_is_explained() -> None:
    inventory = read_inventory(yamlfile.load(GOOD, "inv.yaml"))
    gpu = next(host for host in inventory.hosts if host.name == "gpu")
    assert gpu.settings.labels == {"disk": "nvme"}
    told = {one.name: (one.value, str(one.where)) for one in gpu.explained}
    assert told["labels.disk"] == ("nvme", "inv.yaml:12:41")
    assert told["sysctl.vm.max_map_count"] == (262144, "inv.yaml:4:10")


def test_ranges_are_those_of_ansible() -> None:
    assert expand("w[08:10]") == ["w08", "w09", "w10"]
    assert expand("[a:c][1:2]") == ["a1", "a2", "b1", "b2", "c1", "c2"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("all", "cp1 w01 w02 w03 gpu"), ("workers", "w01 w02 w03 gpu"), ("workers[0]", "w01"), ("workers[1:]", "w02 w03 gpu"),
        ("workers[0:1]", "w01 w02"), ("w0*,!w02", "w01 w03"), ("workers,&gpu", "gpu"), ("!control_plane", "w01 w02 w03 gpu"),
        ("workers[-1]", "gpu"), ("cp1,gpu", "cp1 gpu"),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_to_ansible(pattern: str, names: str) -> None:
    assert [host.name for host in select(spec_of(GOOD), pattern)] == names.split()


def test_a_host_that_is_none_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean `gpu`"):
        select(spec_of(GOOD), "gpus")


def test_the_example_is_a_valid_inventory() -> None:
    spec = make_spec(load_inventory(data_path("inventory.example.yaml")))
    assert spec.control_planes
