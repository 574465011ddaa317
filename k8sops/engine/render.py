"""Text from templates/: Jinja that refuses what is not defined."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError, UndefinedError

from k8sops.engine.shell import quote
from k8sops.errors import InputError, Where

if TYPE_CHECKING:
    from k8sops.inventory.spec import ClusterSpec


def data_path(*parts: str) -> Path:
    """A file beside the package in a checkout, inside it in an installed wheel: templates/, playbooks/, …"""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_data"
    return (inside if inside.is_dir() else package.parent).joinpath(*parts)


def to_yaml(value: Any) -> str:
    """A value as YAML that any parser reads back as the same: text is always quoted where it could be taken wrong."""
    return yaml.safe_dump(value, sort_keys=True, default_flow_style=True, width=10**6).removesuffix("\n...\n").strip()


def to_yaml_block(value: Any, indent: int = 0) -> str:
    text = yaml.safe_dump(value, sort_keys=True, default_flow_style=False, width=10**6)
    return "".join(" " * indent + line + "\n" for line in text.splitlines())


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder / "templates", data_path("templates")]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"sh": quote, "yaml": to_yaml, "yaml_block": to_yaml_block}
    return environment


def render(name: str, *, spec: ClusterSpec, **values: Any) -> str:
    """The template `name` with these values: from templates/ beside the inventory, else from those of k8sops.

    InputError, with its file and line, when the template is broken or asks for what there is not.
    """
    try:
        return _environment(spec.folder).get_template(name).render(spec=spec, **values)
    except TemplateNotFound as error:
        raise InputError(f"template {error.name} not found", where=Where(str(spec.folder / "templates"))) from None
    except TemplateSyntaxError as error:
        raise InputError(
            error.message or "not a valid template", where=Where(error.filename or name, error.lineno)
        ) from None
    except UndefinedError as error:
        raise InputError(f"{error.message}", where=_place(error, name)) from None


def _place(error: BaseException, name: str) -> Where:
    """The line of the template in which it was raised: Jinja puts it into the traceback."""
    found, at = Where(name), error.__traceback__
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        found = Where(file, at.tb_lineno, 1) if file.endswith(name) else found
        at = at.tb_next
    return found
