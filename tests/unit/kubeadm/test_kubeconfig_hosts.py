"""~/.kube/config on control planes: made, kept up to date, and left alone where it is the user's own."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from bash import bash, check, converge

from k8sops.engine.resource import Resource
from k8sops.engine.shell import envelope, new_mark
from k8sops.roles.kubeadm import kubeconfig

ADMIN = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://10.0.0.11:6443
  name: demo
contexts:
- context:
    cluster: demo
    user: kubernetes-admin
  name: kubernetes-admin@demo
current-context: kubernetes-admin@demo
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: Rk9P
    client-key-data: QkFS
"""
OTHER = "- context: {cluster: prod, user: me}\n  name: prod\n"


def below(text: str, folder: Path) -> str:
    """The script with admin.conf in the test's folder, and an owner that needs no root."""
    text = text.replace("KUBECONFIG=/etc/kubernetes/admin.conf", f"KUBECONFIG={folder}/admin.conf")
    return text.replace("/etc/kubernetes/admin.conf", f"{folder}/admin.conf")


@pytest.fixture
def resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resource:
    monkeypatch.setattr("k8sops.engine.shell.LIBRARY", below(subprocess_library(), tmp_path))
    monkeypatch.setattr(kubeconfig, "ADMIN_CONF", f"{tmp_path}/admin.conf")
    (tmp_path / "admin.conf").write_text(ADMIN)
    return kubeconfig.kubeconfig_for(getpass.getuser(), str(tmp_path))


def subprocess_library() -> str:
    from k8sops.engine import shell

    return shell.LIBRARY


def test_it_is_made_kept_up_to_date_and_holds(resource: Resource, tmp_path: Path) -> None:
    config = tmp_path / ".kube" / "config"
    assert check(resource, tmp_path) == 10
    assert "settled 0" in converge([resource], tmp_path)
    assert (config.read_text(), config.stat().st_mode & 0o777) == (ADMIN, 0o600)
    assert check(resource, tmp_path) == 0
    (tmp_path / "admin.conf").write_text(ADMIN.replace("Rk9P", "TkVX").replace("10.0.0.11", "api.example.com"))
    assert check(resource, tmp_path) == 10
    assert "settled 0" in converge([resource], tmp_path)
    assert "TkVX" in config.read_text()
    config.chmod(0o644)
    assert check(resource, tmp_path) == 10


@pytest.mark.parametrize(
    "text",
    [
        ADMIN + OTHER,
        ADMIN.replace("    user: kubernetes-admin\n", "    namespace: shop\n    user: kubernetes-admin\n"),
        ADMIN.replace("Q0E=", "T1RIRVI="),
        "not: a kubeconfig\n",
        "",
    ],
)
@pytest.mark.parametrize("initialised", [True, False])
def test_a_file_of_the_users_own_is_left_alone_and_named(
    text: str, initialised: bool, resource: Resource, tmp_path: Path
) -> None:
    config = tmp_path / ".kube" / "config"
    config.parent.mkdir()
    config.write_text(text)
    if not initialised:
        (tmp_path / "admin.conf").unlink()
    assert named(tmp_path) == [str(config)]
    assert check(resource, tmp_path) == 0
    assert "apply 0" not in converge([resource], tmp_path)
    assert config.read_text() == text


def test_a_link_is_left_alone(resource: Resource, tmp_path: Path) -> None:
    config = tmp_path / ".kube" / "config"
    config.parent.mkdir()
    (tmp_path / "dotfiles").write_text(ADMIN)
    config.symlink_to(tmp_path / "dotfiles")
    assert check(resource, tmp_path) == 0
    assert named(tmp_path) == [str(config)]
    config.unlink()
    config.symlink_to(tmp_path / "admin.conf")
    assert check(resource, tmp_path) == 0
    assert named(tmp_path) == []
    assert config.is_symlink()


def named(folder: Path) -> list[str]:
    """The foreign files that the facts name."""
    lines = [f'fact() {{ printf \'%s=%s\\n\' "$1" "$2"; }}; home={folder}', kubeconfig.foreign_kubeconfigs()]
    found = bash(below(envelope(new_mark(), lines), folder).replace("/root/", f"{folder}/none/"), folder)
    return [line.partition("=")[2] for line in found.out.splitlines() if line.startswith("more.kubeconfig=")]
