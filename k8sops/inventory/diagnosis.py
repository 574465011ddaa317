"""What is wrong with an inventory, in the words of somebody who writes one: the setting, what it takes, an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from k8sops.errors import InputError, Where
from k8sops.inventory import plugins
from k8sops.inventory.foreign import recognise
from k8sops.inventory.forms import EXPECTED
from k8sops.inventory.settings import Group, HostModel, InventoryModel
from k8sops.inventory.yamlfile import Document

Path_ = tuple[str | int, ...]
OTHER_WORDS = {
    "ansible_host": "address",
    "ansible_user": "ssh.user",
    "ansible_port": "ssh.port",
    "ansible_become": "ssh.become",
    "ansible_ssh_private_key_file": "ssh.identity",
    "ip": "address",
    "access_ip": "address",
    "kube_version": "kubernetes",
    "version": "kubernetes",
    "podSubnet": "network.pods",
    "serviceSubnet": "network.services",
    "control_plane_endpoint": "endpoint",
    "controlPlaneEndpoint": "endpoint",
}
"""What other tools call a setting."""
KINDS = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_type": "a number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
}
OTHER_NETWORKS = ("calico", "cilium", "weave", "canal", "antrea", "kube-router", "kube-ovn")
INIT = "`k8sops init FILE` writes an inventory that explains every setting"


def not_an_inventory(text: str, data: Any, file: str) -> InputError | None:
    """The error that names what the file is instead; None where it is like nothing that is known."""
    what = recognise(text, data)
    if not what:
        return None
    return InputError(
        f"This looks like {what}.", where=Where(file), remedy="k8sops needs its own YAML: create it with `k8sops init`."
    )


def input_error(document: Document, error: ValidationError) -> InputError:
    """One error that says everything; `where` is the first place."""
    groups: dict[Path_, list[Mapping[str, Any]]] = {}
    for detail in _relevant(document.data, error):
        groups.setdefault(detail["path"], []).append(detail)
    lines: dict[str, None] = {}
    first: Where | None = None
    unexplained = False
    for path, details in groups.items():
        if details[0]["type"] == "missing" and path in _meant(groups):
            continue
        where = document.where(path)
        first = first or where
        text = _sentence(path, details, document.data)
        unexplained |= text.startswith("unknown setting") and "did you mean" not in text
        lines.setdefault(f"{where}: {text}")
    head, *more = lines
    return InputError(
        "\n".join([head.removeprefix(f"{first}: "), *more]), where=first, remedy=INIT if unexplained else ""
    )


def _relevant(data: Any, error: ValidationError) -> Iterator[dict[str, Any]]:
    """The errors, each with its `path` in the file. Of the branches of a union, those that fit the value's type."""
    details: list[dict[str, Any]] = []
    for detail in error.errors(include_url=False):
        path, union = _path_of(data, detail["loc"], detail["type"])
        details.append({**detail, "path": path, "union": union})
    deeper = {detail["union"] for detail in details if detail["union"] and len(detail["path"]) > len(detail["union"])}
    yield from (one for one in details if not (one["union"] in deeper and one["path"] == one["union"]))


def _path_of(data: Any, loc: Sequence[str | int], kind: str) -> tuple[Path_, Path_]:
    """The path in the file, and its part up to a union: pydantic puts the name of the union's branch into its path."""
    path: list[str | int] = []
    union: Path_ = ()
    for at, part in enumerate(loc):
        item = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if item or (isinstance(data, dict) and part in data):
            path.append(part)
            data = data[part]
        elif kind == "missing" and at == len(loc) - 1:
            path.append(part)
        elif part != "[key]":
            union = tuple(path)
    return tuple(path), union


def _sentence(path: Path_, details: Sequence[Mapping[str, Any]], data: Any) -> str:
    """What is wrong at this place, and what would be right."""
    detail = details[0]
    name, kind, given = ".".join(map(str, path)), detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return f"`{path[-1]}` is missing{_inside(path[:-1])}"
    if path == ("network", "cni"):
        return _cni(given)
    if kind == "string_pattern_mismatch" and "[key]" in detail["loc"]:
        return f"`{path[-1]}` is not a valid name{_inside(path[:-1])}: expected {_expected(detail)}"
    if kind == "string_pattern_mismatch":
        return f"`{name}`: {_quoted(given)} is not valid; expected {_expected(detail)}"
    if kind == "literal_error":
        return _choice(name, given, detail)
    if all(one["type"] in KINDS or one["type"] == "literal_error" for one in details):
        return _wrong_type(name, given, [one["type"] for one in details])
    return f"`{name}`: {_bound(detail)}"


def _meant(groups: Mapping[Path_, Sequence[Mapping[str, Any]]]) -> set[Path_]:
    """The settings that unknown ones seem to stand for: that they are missing need not be said, too."""
    unknown = [path for path, details in groups.items() if details[0]["type"] == "extra_forbidden"]
    return {(*path[:-1], *_guess(path).split(".")) for path in unknown}


def _unknown(path: Path_) -> str:
    guess = _guess(path)
    return f"unknown setting `{path[-1]}`{_inside(path[:-1])}" + (f"; did you mean `{guess}`?" if guess else "")


def _guess(path: Path_) -> str:
    """The setting that was probably meant: a similar one in this place, or one of this name elsewhere."""
    key = str(path[-1])
    if near := get_close_matches(key, _known(path[:-1]), 1):
        return near[0]
    return OTHER_WORDS.get(key) or next((full for full in _all_settings() if full.endswith(f".{key}")), "")


def _inside(path: Path_) -> str:
    return f" in `{'.'.join(map(str, path))}`" if path else ""


def _expected(detail: Mapping[str, Any]) -> str:
    return EXPECTED.get(detail["ctx"]["pattern"], "another form")


def _choice(name: str, given: Any, detail: Mapping[str, Any]) -> str:
    choices = [word.strip("'") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
    near = get_close_matches(str(given), choices, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"`{name}`: {_quoted(given)} is not valid; expected {_either(choices)}{hint}"


def _cni(given: Any) -> str:
    ways = f"Use {', '.join(plugins.networks())}, none, or {{manifests: [calico.yaml]}}"
    if isinstance(given, str):
        why = "is not supported yet" if given.lower() in OTHER_NETWORKS else "is not built in"
        return f'`network.cni`: "{given}" {why}. {ways}'
    return f"`network.cni`: {_shown(given)} is not valid. {ways}"


def _wrong_type(name: str, given: Any, kinds: Sequence[str]) -> str:
    if "bool_type" in kinds and str(given).lower() in ("yes", "no", "on", "off"):
        return f"`{name}`: use true or false (not yes/no)"
    expected = list(dict.fromkeys(KINDS[kind] for kind in kinds if kind in KINDS))
    quoted = "; quote it" if "text" in expected and isinstance(given, int | float) else ""
    return f"`{name}`: expected {_either(expected)}, not {_shown(given)}{quoted}"


def _bound(detail: Mapping[str, Any]) -> str:
    kind, limits = detail["type"], detail.get("ctx", {})
    texts = {
        "greater_than_equal": f"must be at least {limits.get('ge')}",
        "less_than_equal": f"must be at most {limits.get('le')}",
        "too_short": "must not be empty",
        "string_too_long": f"must not be longer than {limits.get('max_length')} characters",
    }
    return texts.get(kind) or str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input ")


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _quoted(value: Any) -> str:
    """As it would be written in YAML, on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    named = {dict: "a mapping", list: "a list", type(None): "nothing", str: f"the text {value!r}"}
    return named.get(type(value), f"the number {value}")


def _known(path: Path_) -> list[str]:
    """The settings that there are below this path."""
    model: type[BaseModel] = InventoryModel
    steps = [part for part in path if isinstance(part, str)]
    if steps[:1] == ["groups"]:
        model, steps = (HostModel, steps[4:]) if len(steps) >= 4 else (Group, steps[2:])
    for step in steps:
        field = model.model_fields.get(step)
        if field and (inner := _model_of(field.annotation)):
            model = inner
    return list(model.model_fields)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a field, or the one of its union."""
    kinds = [annotation, *get_args(annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _all_settings(model: type[BaseModel] = InventoryModel, before: str = "") -> Iterator[str]:
    """Every setting of the cluster by its full name: `network.pods`."""
    for name, field in model.model_fields.items():
        yield before + name
        if inner := _model_of(field.annotation):
            yield from _all_settings(inner, f"{before}{name}.")
