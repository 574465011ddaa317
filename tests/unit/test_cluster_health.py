"""What is called healthy, finished or rolled out is, and what is not is named with its cause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bash import check

from k8sops.resource import Resource
from k8sops.resources.kubernetes import kubeadm_init


def below(folder: Path, resource: Resource, before: str = "") -> Resource:
    """The resource, with the host's files below this folder, and these shell lines before its check."""
    text = resource.check.replace("/etc/kubernetes", f"{folder}/etc/kubernetes")
    lines = f"KUBECONFIG={folder}/etc/kubernetes/admin.conf\n{before}\n"
    return replace(resource, check=lines + text, asks=())


@pytest.mark.parametrize(("finished", "code"), [(True, 0), (False, 10)])
def test_what_is_missing_from_a_finished_cluster_is_not_an_unfinished_start(
    tmp_path: Path, finished: bool, code: int
) -> None:
    paths = ["manifests/kube-apiserver.yaml", "admin.conf", *(["k8sops/initialised"] if finished else [])]
    for name in paths:
        path = tmp_path / "etc/kubernetes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    # The API serves, and neither kube-proxy nor CoreDNS nor kubeadm-config is there.
    nothing_there = "api_answers() { :; }; kubectl() { return 1; }"
    assert check(below(tmp_path, kubeadm_init("config"), nothing_there), tmp_path) == code
