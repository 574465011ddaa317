"""testinfra over k8sops's own connections, so that keys, sudo and pins are the inventory's."""

from __future__ import annotations

import shlex
from typing import Any

import testinfra.host
from testinfra.backend import base

from k8sops.engine.host import Host
from k8sops.engine.shell import envelope, new_mark


class Backend(base.BaseBackend):  # type: ignore[misc]
    """testinfra's commands, run as root by a k8sops host."""

    NAME = "k8sops"

    def __init__(self, host: Host) -> None:
        super().__init__(hostname=host.name)
        self.k8sops_host = host

    def run(self, command: str, *args: str, **kwargs: Any) -> Any:
        line, mark = self.get_command(command, *args), new_mark()
        body = f"printf '%s\\n' {shlex.quote(mark)}\nbash -c {shlex.quote(line)}\nexit $?"
        result = self.k8sops_host.run(envelope(mark, [body]), timeout=300)
        out = result.out.partition(f"{mark}\n")[2]
        return self.result(result.code, line, out, result.err)


def over_testinfra(host: Host) -> Any:
    """testinfra's view of a host."""
    return testinfra.host.Host(Backend(host))
