"""Secrets of a cluster are readable by root only; super-admin.conf is reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from bash import check, converge

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.resource import Resource
from k8sops.errors import InputError
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.roles.kubeadm.secrets import private_secrets
from k8sops.roles.kubeadm.tasks.secrets import SUPER_ADMIN, TASK


def below(folder: Path) -> Resource:
    """The resource, about files below this folder."""
    made = private_secrets()
    moved = {
        name: text.replace("/etc/kubernetes", f"{folder}/etc/kubernetes").replace(
            "/var/lib/kubelet", f"{folder}/kubelet"
        )
        for name, text in (("check", made.check), ("apply", str(made.apply)))
    }
    return replace(made, **moved)


def test_files_of_others_are_tightened_and_stricter_ones_stay(tmp_path: Path) -> None:
    kubernetes = tmp_path / "etc/kubernetes"
    assert check(below(tmp_path), tmp_path) == 0
    modes = {
        "etc/kubernetes/admin.conf": (0o644, 0o600),
        "etc/kubernetes/manifests/kube-apiserver.yaml": (0o640, 0o600),
        "etc/kubernetes/manifests/kube-vip.yaml": (0o644, 0o644),
        "etc/kubernetes/pki/ca.key": (0o444, 0o400),
        "etc/kubernetes/pki/ca.crt": (0o644, 0o644),
        "etc/kubernetes/pki/etcd/server.key": (0o660, 0o600),
        "etc/kubernetes/pki/a $(touch x) name.key": (0o644, 0o600),
        "etc/kubernetes/cloud.conf": (0o644, 0o644),
        "etc/kubernetes/pki/sa.key": (0o400, 0o400),
        "kubelet/pki/kubelet-client-2026.pem": (0o604, 0o600),
        "kubelet/pki/kubelet.crt": (0o644, 0o644),
    }
    for path, (mode, _) in modes.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("secret")
        file.chmod(mode)
    (tmp_path / "kubelet/pki/kubelet-client-current.pem").symlink_to("kubelet-client-2026.pem")
    assert check(below(tmp_path), tmp_path) == 10
    assert "settled 0" in converge([below(tmp_path)], tmp_path)
    assert {path: (tmp_path / path).stat().st_mode & 0o777 for path in modes} == {
        p: want for p, (_, want) in modes.items()
    }
    assert check(below(tmp_path), tmp_path) == 0
    assert kubernetes.is_dir()


@pytest.fixture
def spec() -> ClusterSpec:
    data = {
        "cluster": "demo",
        "kubernetes": "1.36.3",
        "groups": {"control_plane": {"hosts": {"cp1": {"address": "10.0.0.1"}}}},
    }
    return make_spec(read_inventory(yamlfile.load(yaml.safe_dump(data), "inv.yaml")))


def fleet(left: tuple[str, ...] = (SUPER_ADMIN,), **parameters: str) -> Fleet:
    return Fleet({"cp1": HostFacts(initialised=True, left=left)}, frozenset({"cp1"}), parameters)


def test_the_super_administrator_is_a_warning_until_it_is_taken_off(spec: ClusterSpec) -> None:
    (found,) = TASK.findings(spec, fleet())
    assert (found.level, found.name) == ("warning", "SuperAdmin")
    assert "system:masters" in found.what
    assert "k8sops apply -e super_admin=remove" in found.what
    assert list(TASK.findings(spec, fleet(()))) == []


def test_it_goes_only_where_that_was_asked_for(spec: ClusterSpec) -> None:
    def ids(**parameters: str) -> list[str]:
        return [one.id for one in TASK.resources(spec, spec.hosts[0], fleet(**parameters))]

    assert ids() == ids(super_admin="keep") == ["secrets:private"]
    assert ids(super_admin="remove") == [f"absent:{SUPER_ADMIN}", "secrets:private"]
    with pytest.raises(InputError, match="keep or remove"):
        ids(super_admin="yes")
