"""The hosts of an inventory over SSH."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from k8sops.engine.host import Host
from k8sops.engine.session import Connect
from k8sops.inventory.spec import ClusterSpec, HostEntry

if TYPE_CHECKING:
    from k8sops.ssh.connection import SSHHost
    from k8sops.ssh.way import SSHSettings

Password = Callable[[], str]


def ssh_settings(spec: ClusterSpec, host: HostEntry) -> SSHSettings:
    from k8sops.ssh.way import SSHSettings

    pins = {one.address: one.host_key for one in spec.hosts if one.host_key}
    pins |= {one.name: one.host_key for one in spec.hosts if one.host_key}
    return SSHSettings(
        name=host.name,
        host=host.ssh.host or host.address,
        user=host.ssh.user,
        port=host.ssh.port,
        identity=host.ssh.identity,
        become=host.ssh.become,
        jump=host.ssh.jump,
        host_key=host.host_key,
        pins=pins,
    )


@contextmanager
def connections(
    spec: ClusterSpec, *, password: Password | None = None, dial: Sequence[str] = (), forks: int = 20
) -> Iterator[Connect]:
    """Hosts by name, each connected once, all closed in the end.

    `password`: called once, for sudo. `dial`: hosts that will be asked in any case; their logins are begun at once,
    `forks` at a time.
    """
    from k8sops.ssh.connection import SSHHost

    known = password() if password else None
    made: dict[str, SSHHost] = {}

    def connect(name: str) -> Host:
        if name not in made:
            made[name] = SSHHost(ssh_settings(spec, spec.host(name)), (lambda: known) if known else None)
        return made[name]

    pool = ThreadPoolExecutor(forks)
    try:
        for name in dial:
            connect(name)
            made[name].dial(pool)
        pool.shutdown(wait=False)
        yield connect
    finally:
        for host in made.values():
            host.close()
