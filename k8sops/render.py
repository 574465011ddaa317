"""Text from templates/: Jinja that refuses what is not defined."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from k8sops.shell import quote


def data_path(*parts: str) -> Path:
    """A file beside the package in a checkout, inside it in an installed wheel: templates/, playbooks/, …"""
    package = Path(__file__).resolve().parent
    inside = package / "_data"
    return (inside if inside.is_dir() else package.parent).joinpath(*parts)


def to_yaml(value: Any) -> str:
    """A value as YAML that any parser reads back as the same: text is always quoted where it could be taken wrong."""
    return yaml.safe_dump(value, sort_keys=True, default_flow_style=True, width=10**6).removesuffix("\n...\n").strip()


def to_yaml_block(value: Any, indent: int = 0) -> str:
    text = yaml.safe_dump(value, sort_keys=True, default_flow_style=False, width=10**6)
    return "".join(" " * indent + line + "\n" for line in text.splitlines())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(data_path("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"sh": quote, "yaml": to_yaml, "yaml_block": to_yaml_block}
    return environment


def render(name: str, **values: Any) -> str:
    """The template templates/`name` with these values; a name that it does not find is an error."""
    return _environment().get_template(name).render(**values)
