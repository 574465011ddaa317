"""Bad input: one clear error with file, line, column and what would be right; never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.render import data_path
from k8sops.engine.task import load_task
from k8sops.errors import InputError
from k8sops.inventory import yamlfile
from k8sops.inventory.forms import EXPECTED
from k8sops.inventory.load import expand, load_inventory, read_inventory
from k8sops.inventory.patterns import select
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.roles.etcd.backup import check_name
from k8sops.roles.kubeadm.config import _registration

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
    "unknown key": (("cluster: demo", "cluster: demo\nkubernets: x"), 'inv.yaml:2:1: unknown setting `kubernets`; did you mean `kubernetes`?'),
    "unknown key of a host": (("{address: 10.0.0.11}", "{address: 10.0.0.11, lables: {}}"), "inv.yaml:7:39: unknown setting `lables` in `groups.control_plane.hosts.cp1`; did you mean `labels`?"),
    "wrong type": (("labels: {disk: ssd}", "labels: 3"), "inv.yaml:9:5: `groups.workers.labels`: expected a mapping, not the number 3"),
    "a list for a map": (("network: {pods: 10.244.0.0/16, services: 10.96.0.0/12}", "network: [a]"), "inv.yaml:3:1: `network`: expected a mapping, not a list"),
    "duplicate key": (("cluster: demo", "cluster: demo\ncluster: other"), "inv.yaml:2:1: duplicate key `cluster`, first defined in line 1"),
    "duplicate host": (("gpu: {address: 10.0.2.1,", "w02: {address: 10.0.2.1,"), "inv.yaml:12:7: duplicate host `w02`, first defined at inv.yaml:11:7"),
    "duplicate address": (("10.0.2.1", "10.0.1.2"), "inv.yaml:12:7: `gpu` has the same address as `w02`: 10.0.1.2"),
    "unquoted version": (('"1.36.3"', "1.30"), 'inv.yaml:2:1: `kubernetes: 1.3` is a number'),
    "no patch release": (('"1.36.3"', '"1.36"'), 'inv.yaml:2:1: `kubernetes`: "1.36" is not valid; expected an exact, quoted version, e.g. "1.36.3"'),
    "unsupported version": (('"1.36.3"', '"1.12.1"'), "inv.yaml:2:1: `kubernetes`: Kubernetes 1.12.1 is not supported; supported minors: 1.19"),
    "bad CIDR": (("10.244.0.0/16", "10.244.0.0/40"), "inv.yaml:3:11: `network.pods`:"),
    "host bits": (("10.244.0.0/16", "10.244.1.0/16"), "inv.yaml:3:11: `network.pods`: 10.244.1.0/16 has host bits set\n  did you mean 10.244.0.0/16?"),
    "overlapping CIDRs": (("10.96.0.0/12", "10.244.128.0/20"), "inv.yaml:3:32: the services 10.244.128.0/20 overlap the pods 10.244.0.0/16"),
    "host among the pods": (("address: 10.0.0.11", "address: 10.244.0.11"), "inv.yaml:7:19: 10.244.0.11 of `cp1` is inside network.pods"),
    "no control plane": (("control_plane:", "others:"), "no control plane"),
    "alias": (("{disk: ssd}", "&x {disk: ssd}"), "inv.yaml:9:13: anchors (&name) are not allowed"),
    "tab": (("    labels: {disk", "\tlabels: {disk"), "inv.yaml:9:1: a tab in the indentation"),
    "shell in a host name": (("gpu:", '"$(id)":'), "inv.yaml:12:7: `$(id)` is not a valid host name"),
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


WORDED = {
    "yes for true": (("sysctl:", "time_sync: yes\nsysctl:"), "`time_sync`: use true or false (not yes/no)"),
    "a network that is not built in": (("services: 10.96.0.0/12", "cni: romana"), '`network.cni`: "romana" is not built in. Use flannel, none, or {manifests: [calico.yaml]}'),
    "a network that many want": (("services: 10.96.0.0/12", "cni: calico"), '`network.cni`: "calico" is not supported yet. Use flannel, none, or {manifests: [calico.yaml]}'),
    "a typo in a network of one's own": (("services: 10.96.0.0/12", "cni: {manifest: [a]}"), "unknown setting `manifest` in `network.cni`; did you mean `manifests`?"),
    "dual stack": (("10.244.0.0/16", '"10.244.0.0/16,fd00::/56"'), "`network.pods`: dual stack is not supported yet; give one network"),
    "dual stack as a list": (("10.96.0.0/12", '[10.96.0.0/12, "fd00::/112"]'), "`network.services`: dual stack is not supported yet; give one network"),
    "an endpoint without a port": (("cluster: demo", "cluster: demo\nendpoint: api.example.com"), '`endpoint`: "api.example.com" is not valid; expected HOST:PORT, e.g. api.example.com:6443'),
    "a bad place for backups": (("cluster: demo", 'cluster: demo\nbackup: {to: ["s3:/x"]}'), '`backup.to.0`: "s3:/x" is not valid; expected s3://BUCKET/PREFIX or ssh://USER@HOST[:PORT]/PATH'),
    "a word out of a few": (("cluster: demo", "cluster: demo\nfirewall: mangaed"), '`firewall`: "mangaed" is not valid; expected open, managed or disabled; did you mean managed?'),
    "a number for a flag": (("cluster: demo", "cluster: demo\nscheduler: {extra_args: {v: 3}}"), "`scheduler.extra_args.v`: expected text or a list, not the number 3; quote it"),
    "a port out of range": (("cluster: demo", "cluster: demo\nssh: {port: 70000}"), "`ssh.port`: must be at most 65535"),
    "text for a number": (("cluster: demo", 'cluster: demo\nssh: {port: "22"}'), "`ssh.port`: expected a number, not the text '22'"),
    "a setting of another place": (("cluster: demo", "cluster: demo\nidentity: x"), "unknown setting `identity`; did you mean `ssh.identity`?"),
    "a setting of Ansible": (("address: 10.0.0.11", "ansible_host: 10.0.0.11"), "unknown setting `ansible_host` in `groups.control_plane.hosts.cp1`; did you mean `address`?"),
    "an address for a name": (("gpu:", "10.0.2.1:"), "`10.0.2.1` is not a valid host name"),
    "a name that no label can hold": (("gpu:", f"{'g' * 60}.com:"), "is not a valid host name\n  expected lower-case letters, digits, - and ., at most 63 in all"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDED)
def test_errors_say_what_is_expected_and_nothing_of_the_parser(name: str) -> None:
    (old, new), expected = WORDED[name]
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        spec_of(GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert expected in text
    assert text.count("inv.yaml:") == 1
    assert not any(word in text for word in ("literal[", "OwnCni", "(?:", "^[", "input should", "Input should"))


def test_unknown_settings_are_explained_once() -> None:
    with pytest.raises(InputError) as caught:
        spec_of(GOOD.replace("cluster: demo", "cluster: demo\nqqq: 1\nzzz: 2\nkubernets: 3"))
    text = str(caught.value)
    assert "inv.yaml:2:1: unknown setting `qqq`\n" in text
    assert "inv.yaml:3:1: unknown setting `zzz`\n" in text
    assert text.count("k8sops init") == 1
    assert len(text) < 300


def test_every_pattern_is_explained_in_words() -> None:
    assert all(text and "(?:" not in text for text in EXPECTED.values())


FOREIGN = {
    "an Ansible INI inventory": "[web]\nh1 ansible_host=10.0.0.1\n\n[web:vars]\nansible_user=ops\n",
    "a kubespray inventory in INI form": "[all]\nn1 ansible_host=10.0.0.1\n\n[kube_control_plane]\nn1\n",
    "an Ansible YAML inventory": "all:\n  hosts:\n    h1: {ansible_host: 10.0.0.1}\n",
    "a kubespray inventory": "all:\n  hosts: {n1: {ip: 10.0.0.1}}\n  children:\n    kube_control_plane:\n      hosts: {n1: }\n",
    "a k0sctl configuration": "apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\nspec: {hosts: []}\n",
    "a KubeOne configuration": "apiVersion: kubeone.k8c.io/v1beta2\nkind: KubeOneCluster\n",
    "a KubeKey configuration": "apiVersion: kubekey.kubesphere.io/v1alpha2\nkind: Cluster\n",
    "a kubeadm configuration": "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n---\napiVersion: kubeadm.k8s.io/v1beta4\n",
    "a kubeconfig": "apiVersion: v1\nkind: Config\nclusters: []\n",
    "an RKE cluster.yml": "nodes:\n- {address: 10.0.0.1, user: ops, role: [controlplane]}\n",
    "a SavedPlan that k8sops wrote, not an inventory": '{"apiVersion": "k8sops/v1",\n"kind": "SavedPlan"}\n',
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_files_of_other_tools_are_recognised(what: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text(FOREIGN[what])
    with pytest.raises(InputError) as caught:
        load_inventory(path)
    expected = f"{path}: This looks like {what}.\n  k8sops needs its own YAML: create it with `k8sops init`."
    assert str(caught.value) == expected


def test_a_directory_is_no_inventory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a directory\n  use -i FILE"):
        load_inventory(tmp_path)
    with pytest.raises(InputError, match="inventory not found"):
        load_inventory(tmp_path / "missing.yaml")


def test_an_inventory_with_a_mistake_is_still_an_inventory(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(GOOD.replace("cluster: demo", "clutser: demo"))
    with pytest.raises(InputError, match="unknown setting `clutser`"):
        load_inventory(path)


DOTTED = GOOD.replace('"w[01:03]"', '"w[01:03].example.internal"').replace("cp1", "cp1.example.internal")


def test_host_names_may_have_dots() -> None:
    spec = spec_of(DOTTED)
    assert [host.name for host in select(spec, "w0[12].*,!w02*")] == ["w01.example.internal"]
    assert [host.name for host in select(spec, "workers[0]")] == ["w01.example.internal"]
    assert [host.name for host in select(spec, "cp1.example.internal")] == ["cp1.example.internal"]
    assert spec.host("w03.example.internal").labels == {"disk": "ssd", "zone": "a"}
    assert "cp1.example.internal" in spec.sans


def test_a_host_name_with_dots_is_in_every_file_that_names_hosts() -> None:
    spec = spec_of(DOTTED)
    fleet = Fleet({host.name: HostFacts() for host in spec.hosts}, frozenset(host.name for host in spec.hosts))
    worker = spec.host("w01.example.internal")
    (names, *_) = load_task("names", spec.folder).resources(spec, worker, fleet)
    assert "10.0.1.1 w01.example.internal" in (names.want or "")
    assert "10.0.0.11 cp1.example.internal" in (names.want or "")
    assert _registration(spec, worker)["name"] == "w01.example.internal"
    assert check_name("demo-20261124T201500Z-cp1.example.internal")
