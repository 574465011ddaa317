"""YAML that keeps the form of its values: `1e3`, `yes`, dates and quotes come out as they were written.

A document is edited as a tree of nodes and never turned into Python values. Comments are lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str) -> MappingNode:
    """The mapping that the text holds, an empty one for an empty text; ValueError for anything else."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    if node is None or is_null(node):
        return MappingNode("tag:yaml.org,2002:map", [])
    if not isinstance(node, MappingNode):
        raise ValueError("not a mapping")
    return node


def text_of(node: Node) -> str:
    """The text of the node, read again and compared; ValueError where YAML cannot hold it."""
    # Some letters, as the line separators of Unicode, survive only escaped.
    for unicode in (True, False):
        text: str = yaml.serialize(node, Dumper=yaml.SafeDumper, width=10**6, allow_unicode=unicode)
        with suppress(yaml.YAMLError, RecursionError):
            if _values(yaml.compose(text, Loader=_Loader)) == _values(node):
                return text
    raise ValueError("its values would change")


def _values(node: Node | None) -> Any:
    if isinstance(node, ScalarNode):
        return node.tag, node.value
    if isinstance(node, SequenceNode):
        return [_values(one) for one in node.value]
    return [(_values(key), _values(value)) for key, value in node.value] if node else None


def node_of(data: Any) -> Node:
    """The node of plain Python data."""
    node = yaml.compose(yaml.safe_dump(data, sort_keys=False, width=10**6), Loader=_Loader)
    assert node is not None
    return node


def is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def get(node: Node | None, *keys: str) -> Node | None:
    """The value below these keys; None where there is none."""
    for key in keys:
        pairs = node.value if isinstance(node, MappingNode) else []
        node = next((value for name, value in pairs if isinstance(name, ScalarNode) and name.value == key), None)
    return node


def scalar(node: Node | None) -> str:
    """The text of a scalar as it was written, without quotes; empty for null and everything else."""
    return node.value if isinstance(node, ScalarNode) and not is_null(node) else ""


def put(node: MappingNode, key: str, value: Node) -> None:
    """The mapping has this value, in the place of an earlier one or at the end."""
    for at, (name, _) in enumerate(node.value):
        if isinstance(name, ScalarNode) and name.value == key:
            node.value[at] = (name, value)
            return
    node.value.append((ScalarNode("tag:yaml.org,2002:str", key), value))


def items(node: Node | None) -> Iterator[MappingNode]:
    """The mappings among the items of a list; none where it is not a list."""
    if isinstance(node, SequenceNode):
        yield from (item for item in node.value if isinstance(item, MappingNode))
