"""The floor: a fresh Python that imports what k8sops imports, and with Fabric opens one connection and runs one
trivial exec a host. Nothing that speaks to these hosts over SSH from Python can be cheaper by much.

With a script, which bash runs as root in the place of `true`: what it costs to ask (questions.sh).

`python -m bench.floor KEY USER SCRIPT|- ADDRESS[:PORT]…`
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fabric
import jinja2  # noqa: F401
import paramiko
import rich.console
import rich.progress
import rich.table  # noqa: F401
import tenacity  # noqa: F401
import typer.main  # noqa: F401
import yaml  # noqa: F401

# `import pydantic` alone imports next to nothing: its names are loaded when they are asked for.
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints  # noqa: F401

FORKS = 20


def ask(key: str, user: str, address: str, script: str) -> bool:
    host, _, port = address.partition(":")
    options = {"pkey": paramiko.PKey.from_path(key), "allow_agent": False, "look_for_keys": False}
    with fabric.Connection(host, user=user, port=int(port or 22), connect_kwargs=options) as connection:
        if not script:
            return bool(connection.run("true", hide=True, in_stream=False).ok)
        connection.open()
        # Fabric would pass it on letter by letter.
        stdin, stdout, _ = connection.client.exec_command("sudo -n bash -s")
        stdin.channel.sendall(script.encode())
        stdin.channel.shutdown_write()
        return bool(stdout.read()) and stdout.channel.recv_exit_status() == 0


def main(key: str, user: str, script: str, *addresses: str) -> None:
    text = "" if script == "-" else Path(script).read_text()
    with ThreadPoolExecutor(FORKS) as pool:
        answers = list(pool.map(lambda address: ask(key, user, address, text), addresses))
    assert all(answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
