"""The golden files of kubeadm's configuration, read by kubeadm itself: 1.22 for v1beta2 and v1beta3, 1.36 for the rest."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from k8sops.inventory.releases import RELEASES
from k8sops.lab.build import ensure_built, kubernetes, old_kubeadm

pytestmark = pytest.mark.beside
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "kubeadm"
FILES = sorted(path for kind in ("init", "join") for path in GOLDEN.glob(f"{kind}-*.yaml"))


def accepted(kubeadm: Path, path: Path, version: str, folder: Path, *words: str) -> None:
    """kubeadm reads the file, which is about a version that this kubeadm can make and holds whole secrets."""
    text = re.sub("kubernetesVersion: .*", f"kubernetesVersion: v{version}", path.read_text())
    file = folder / "config.yaml"
    file.write_text(text.replace("SECRETHALFHERE00", "a" * 16).replace("CERTIFICATEKEYHERE", "0" * 64))
    done = subprocess.run([kubeadm, "config", *words, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{path.name}: {done.stderr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_kubeadm_accepts_what_it_would_be_given(path: Path, tmp_path: Path) -> None:
    minor = path.stem.rpartition("-")[2]
    api = RELEASES[minor].kubeadm_api
    if api != "v1beta4":
        old = ensure_built(old_kubeadm(), print) / "kubeadm"
        accepted(old, path, "1.22.0", tmp_path, "migrate", "--old-config")
    if api != "v1beta2":
        new = ensure_built(kubernetes("1.36.3"), print) / "kubeadm"
        accepted(new, path, "1.36.3", tmp_path, "validate", "--config")
