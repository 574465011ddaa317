"""Which version of each component a host runs; what is not installed is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from k8sops.engine.session import Session
from k8sops.engine.shell import envelope, new_mark
from k8sops.errors import HostError
from k8sops.inventory.spec import ClusterSpec

NAMES = ("kubelet", "kubeadm", "kubectl", "containerd", "docker", "kernel", "os")
SCRIPT = r"""
component() { printf 'component %s %s\n' "$1" "$("${@:2}" 2>/dev/null | head -n 1)"; }
component kubelet kubelet --version
component kubeadm kubeadm version -o short
component kubectl kubectl version --client
component containerd containerd --version
component docker dockerd --version
component kernel uname -r
. /etc/os-release && component os printf '%s\n' "$PRETTY_NAME"
"""
_VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+[^\s,]*)")


def parse(text: str) -> dict[str, str | None]:
    """The components in what SCRIPT printed; versions without the names and the leading v that programs print."""
    found: dict[str, str | None] = dict.fromkeys(NAMES)
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if word != "component" or name not in found:
            continue
        version = _VERSION.search(value)
        found[name] = (value if name in ("kernel", "os") else version[1] if version else "") or None
    return found


def gather(session: Session, spec: ClusterSpec, names: list[str]) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
    """The components of each host, and why others are unreachable."""

    def query(name: str) -> dict[str, Any]:
        result = session.connect(name).run(envelope(new_mark(), [f"({SCRIPT}) || true"]), timeout=60)
        return {"name": name, **parse(result.out)}

    answers = session.each(names, query)
    unreachable = {name: str(answer) for name, answer in answers.items() if isinstance(answer, HostError)}
    return [answer for answer in answers.values() if not isinstance(answer, HostError)], unreachable
