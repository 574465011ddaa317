"""What commands do alike: load the inventory, reach its hosts, print."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sops.cli.options import Color, HostOptions, Output
from k8sops.errors import InputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from k8sops.engine.host import Host
    from k8sops.engine.playbook import Playbook
    from k8sops.inventory.spec import ClusterSpec, HostEntry
    from k8sops.ssh.connection import SSHHost
    from k8sops.ssh.way import SSHSettings


def console(color: Color = Color.auto, *, stderr: bool = False) -> Console:
    """--color, then NO_COLOR, then FORCE_COLOR, then the terminal; in CI never a spinner."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    plain = not stream.isatty() or bool(os.environ.get("CI"))
    # A log is not a terminal of 80 columns: its lines are left whole.
    width = None if stream.isatty() else 200
    if color is Color.auto:
        forced = False if plain and not os.environ.get("FORCE_COLOR") else None
        return Console(stderr=stderr, force_terminal=forced, width=width)
    on = color is Color.always
    return Console(stderr=stderr, no_color=not on, color_system="truecolor" if on else None, width=width)


def load_spec(path: Path) -> ClusterSpec:
    """The cluster of an inventory file, and its key files are there."""
    from k8sops.inventory.load import load_inventory
    from k8sops.inventory.spec import make_spec

    inventory = load_inventory(path)
    spec = make_spec(inventory)
    for host in spec.hosts:
        if host.ssh.identity:
            key = Path(os.path.expanduser(host.ssh.identity))
            if not os.access(key, os.R_OK):
                why = "cannot be read" if key.exists() else "is not there"
                where = inventory.where("ssh", "identity")
                raise InputError(f"the key file {host.ssh.identity} {why}", where=where, remedy="correct ssh.identity")
    return spec


def load_named_playbook(name: str, folder: Path) -> Playbook:
    """The playbook in this file, or the one of this name: from playbooks/ in `folder`, else one that k8sops ships."""
    from k8sops.engine.playbook import load_playbook
    from k8sops.engine.render import data_path

    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_playbook(path, folder)
    folders = (data_path("playbooks"), folder / "playbooks")
    shipped = {one.stem: one for where in folders for one in sorted(where.glob("*.yaml"))}
    if name not in shipped:
        raise InputError(f"no playbook `{name}`", remedy=f"there are: {', '.join(shipped)}; or name a file")
    return load_playbook(shipped[name], folder)


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
    spec: ClusterSpec, *, ask_password: bool = False, dial: Sequence[str] = (), forks: int = 20
) -> Iterator[Callable[[str], Host]]:
    """Hosts by name, each connected once, all closed in the end.

    `dial`: hosts that will be asked in any case; their logins are begun at once, `forks` at a time.
    """
    from concurrent.futures import ThreadPoolExecutor

    from k8sops.ssh.connection import SSHHost

    password = getpass.getpass("sudo password: ") if ask_password else None
    made: dict[str, SSHHost] = {}

    def connect(name: str) -> Host:
        if name not in made:
            made[name] = SSHHost(ssh_settings(spec, spec.host(name)), (lambda: password) if password else None)
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


def who() -> str:
    """Who runs this, for locks and journals."""
    return f"{getpass.getuser()}@{os.uname().nodename}"


def print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, default=str, ensure_ascii=False))


def answer(found: dict[str, Any], options: HostOptions, show: Callable[[Console, dict[str, Any]], None]) -> int:
    """Prints what was found out, as JSON or as `show` does for people; the exit code: 0 where it is healthy."""
    if options.output is Output.json:
        print_json(found)
    else:
        show(console(options.color), found)
    return 0 if found["healthy"] else 3


def assignments(given: list[str] | None) -> dict[str, str]:
    """What -e said, by name."""
    pairs = [one.partition("=") for one in given or ()]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise UsageError(f"-e {name}: NAME=VALUE is wanted")
    return {name: value for name, _, value in pairs}


def words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
