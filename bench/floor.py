"""The floor: a fresh Python that imports what k8sops imports, and with Fabric opens one connection and runs one
trivial exec a host. Nothing that speaks to these hosts over SSH from Python can be cheaper by much.

`python -m bench.floor KEY USER ADDRESS[:PORT]…`
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

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


def ask(key: str, user: str, address: str) -> bool:
    host, _, port = address.partition(":")
    options = {"pkey": paramiko.PKey.from_path(key), "allow_agent": False, "look_for_keys": False}
    with fabric.Connection(host, user=user, port=int(port or 22), connect_kwargs=options) as connection:
        return bool(connection.run("true", hide=True, in_stream=False).ok)


def main(key: str, user: str, *addresses: str) -> None:
    with ThreadPoolExecutor(FORKS) as pool:
        answers = list(pool.map(lambda address: ask(key, user, address), addresses))
    assert all(answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
