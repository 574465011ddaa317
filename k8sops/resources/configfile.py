"""Configuration files that others own: parsed, merged with what k8sops needs, compared without secrets."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Literal

Form = Literal["json", "toml"]
Data = dict[str, Any]
SENSITIVE = re.compile(r"passw|secret|token|auth|credential|header|(?:^|[-_.])(?:api|access|private)?[-_.]?key$", re.I)
"""Keys whose values are not shown."""
USERINFO = re.compile(r"//[^/@\s]+@")
ASSIGNED = re.compile(r"((?:passw|secret|token|auth|credential)\w*[=:]\s*)\S+", re.I)


class ConfigError(Exception):
    """The file cannot be parsed; the message says where."""


def parse(text: str, form: Form) -> Data:
    """The file's settings; ConfigError, with the line, where it is not valid."""
    try:
        data = (json.loads(text) if text.strip() else {}) if form == "json" else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"line {error.lineno}, column {error.colno}: invalid JSON: {error.msg}") from None
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).removesuffix(")").partition(" (at ")
        place = place.replace("end of document", f"line {len(text.splitlines())}")
        raise ConfigError(f"{place}: invalid TOML: {what}") from None
    if not isinstance(data, dict):
        raise ConfigError("line 1: expected a JSON object")
    return data


def dump(data: Mapping[str, Any], form: Form, indent: int | str = 2) -> str:
    """The settings as a new file."""
    if form == "json":
        return json.dumps(data, indent=indent, ensure_ascii=False) + "\n"
    import tomlkit  # only where something changes: it takes its time

    return tomlkit.dumps(data)


def rewrite(text: str, before: Data, after: Data, form: Form) -> str:
    """The file with these settings. What does not change keeps its form: comments and order in TOML, indentation in
    JSON."""
    if before == after:
        return text
    if form == "json":
        indent = re.search(r"\n([ \t]+)", text)
        return dump(after, form, indent[1] if indent else 2)
    import tomlkit

    try:
        document = tomlkit.parse(text)
        _edit(document, before, after)
        new = tomlkit.dumps(document)
        if tomllib.loads(new) == after:
            return new
    except Exception:
        # The library has gaps, as with tables that are defined in several places. The settings count, not the form.
        pass
    return dump(after, form)


def _edit(document: Any, before: Data, after: Data) -> None:
    for key in before.keys() - after.keys():
        del document[key]
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            _edit(document[key], before[key], value)
        elif key not in before or before[key] != value:
            document[key] = value


Choose = Callable[[tuple[str, ...], Any, Any], Any]
"""Which value a setting gets: (path, the present one, the wanted one)."""


def merge(present: Mapping[str, Any], wanted: Mapping[str, Any], choose: Choose, path: tuple[str, ...] = ()) -> Data:
    """The present settings with the wanted ones; `choose` decides where both have a value that is not a table."""
    merged = dict(present)
    for key, value in wanted.items():
        here, at = present.get(key), (*path, key)
        if isinstance(value, dict) and (key not in present or isinstance(here, dict)):
            merged[key] = merge(here or {}, value, choose, at)
        else:
            merged[key] = value if key not in present or here == value else choose(at, here, value)
    return merged


def masked(data: Any, hidden: bool = False) -> Any:
    """The settings without credentials: values of keys that name any, and those that stand in addresses."""
    if isinstance(data, dict):
        return {key: masked(value, hidden or bool(SENSITIVE.search(str(key)))) for key, value in data.items()}
    if isinstance(data, list):
        return [masked(value, hidden) for value in data]
    if not isinstance(data, str):
        return data
    # A path to a key is not a secret.
    if hidden and not data.startswith("/"):
        return "***"
    return ASSIGNED.sub(r"\1***", USERINFO.sub("//***@", data))


def difference(before: Data | None, after: Data, form: Form) -> list[str]:
    """A unified diff of the settings, without credentials and comments; None: there is no file."""
    if before == after:
        return []
    old = dump(masked(before), form).splitlines() if before is not None else []
    new = dump(masked(after), form).splitlines()
    return list(difflib.unified_diff(old, new, "absent" if before is None else "now", "wanted", lineterm=""))
