"""Settings that other programs overwrite at boot are detected, and only those."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bash import check

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.resource import Resource
from k8sops.operations.inputs import load_spec
from k8sops.resources.kernel import swap_off
from k8sops.roles.hosts.boot import hosts_template
from k8sops.roles.hosts.tasks.leftovers import TASK as LEFTOVERS
from k8sops.roles.hosts.tasks.swap import TASK as SWAP

TEMPLATE = "etc/cloud/templates/hosts.debian.tmpl"
INVENTORY = 'cluster: demo\nkubernetes: "1.36.3"\ngroups: {control_plane: {hosts: {cp1: {address: 10.0.0.11}}}}\n'


def verdict(resource: Resource, files: dict[str, str], folder: Path) -> int:
    """What the check says where these files are the whole host."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            path.symlink_to(content[3:] if content == "-> /dev/null" else folder / content[3:])
        else:
            path.write_text(content)
    text = re.sub(r"(?<![\w.}])/(etc|run|usr|lib|var|proc)(?=[/},])", rf"{folder}/\1", resource.check)
    return check(replace(resource, check=text, asks=()), folder)


@pytest.mark.parametrize(
    "config",
    [
        {"etc/cloud/cloud.cfg": "manage_etc_hosts: true\n"},
        {"etc/cloud/cloud.cfg.d/90_x.cfg": "users: []\nmanage_etc_hosts: 'template'\n"},
        {"var/lib/cloud/instance/cloud-config.txt": '{"hostname": "x", "manage_etc_hosts": true}'},
        {"var/lib/cloud/instance/vendor-cloud-config.txt": "manage_etc_hosts: True"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_the_template_of_cloud_init_is_taught(config: dict[str, str], tmp_path: Path) -> None:
    resource = hosts_template("demo", ("10.0.0.11 cp1",))
    assert verdict(resource, {TEMPLATE: "## template:jinja\n", **config}, tmp_path) == 10
    assert resource.want is not None
    (tmp_path / TEMPLATE).write_text(f"## template:jinja\n{resource.want}")
    assert verdict(resource, {}, tmp_path) == 0


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"etc/cloud/cloud.cfg": "manage_etc_hosts: true\n"},
        {TEMPLATE: "", "etc/cloud/cloud.cfg": "manage_etc_hosts: false\n"},
        {TEMPLATE: "", "etc/cloud/cloud.cfg": "# manage_etc_hosts: true\n"},
        {TEMPLATE: "", "etc/cloud/cloud.cfg": "manage_etc_hosts: localhost\n"},
        {TEMPLATE: "", "etc/cloud/cloud.cfg": "manage_etc_hosts: true\n", "etc/cloud/cloud-init.disabled": ""},
    ],
    ids=lambda files: " ".join(files.values()).strip() or "none",
)
def test_a_template_that_is_not_used_is_left_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert verdict(hosts_template("demo", ("10.0.0.11 cp1",)), files, tmp_path) == 0


UNITS = "etc/systemd/system"
WANTS = f"{UNITS}/multi-user.target.wants"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, 0),
        ({"etc/waagent.conf": "ResourceDisk.EnableSwap=y\n"}, 10),
        ({"etc/waagent.conf": "ResourceDisk.EnableSwap=n\n"}, 0),
        ({"unit": "", f"{WANTS}/zramswap.service": "-> unit"}, 10),
        ({"unit": "", f"{WANTS}/dphys-swapfile.service": "-> unit"}, 10),
        ({"unit": "", "etc/rc3.d/S01dphys-swapfile": "-> unit"}, 10),
        ({f"{WANTS}/zramswap.service": "-> gone"}, 0),
        ({"unit": "", f"{WANTS}/swapspace.service": "-> unit", f"{UNITS}/swapspace.service": "-> /dev/null"}, 0),
        ({"etc/rc3.d/K01dphys-swapfile": ""}, 0),
    ],
    ids=str,
)  # fmt: skip
def test_services_that_turn_swap_on_at_boot_are_found(files: dict[str, str], code: int, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/swaps").write_text("Filename\n")
    assert verdict(swap_off(), files, tmp_path) == code


@pytest.mark.parametrize(("kubelet", "count"), [("{}", 1), ("{failSwapOn: true}", 1), ("{failSwapOn: false}", 0)])
def test_swap_stays_where_kubelet_is_told_to_run_with_it(kubelet: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(f"{INVENTORY}kubelet: {kubelet}\n")
    spec = load_spec(tmp_path / "inventory.yaml")
    assert len(list(SWAP.resources(spec, spec.hosts[0], Fleet({})))) == count


@pytest.mark.parametrize(("now", "found"), [("cp1", ["BootHostname"]), ("other", [])])
def test_a_hostname_that_changes_at_boot_is_named_where_it_is_the_nodes(
    now: str, found: list[str], tmp_path: Path
) -> None:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    facts = HostFacts(hostname=now, more={"boot_hostname": ("old",)})
    fleet = Fleet({"cp1": facts}, frozenset({"cp1"}))
    assert [one.name for one in LEFTOVERS.findings(load_spec(tmp_path / "inventory.yaml"), fleet)] == found
