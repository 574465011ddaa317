"""Labels, annotations and taints of nodes: set as declared, and removed when no longer declared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.roles.nodes.facts import DECLARED

OF_KUBEADM = "node-role.kubernetes.io/control-plane"
"""The label and the taint that kubeadm sets on control planes."""


def metadata_of(labels: Mapping[str, str], annotations: Mapping[str, str], taints: Sequence[str]) -> list[str]:
    """Labels, annotations and taints as lines: `label KEY=VALUE`, `annotate KEY=VALUE`, `taint KEY=VALUE:EFFECT`."""
    normal = [taint if "=" in taint else taint.replace(":", "=:", 1) for taint in taints]
    named = {"label": labels, "annotate": annotations}
    return [
        *(f"{verb} {key}={value}" for verb, items in named.items() for key, value in sorted(items.items())),
        *(f"taint {taint}" for taint in normal),
    ]


def _key(line: str) -> str:
    """The unique key of a line: `label KEY`, `taint KEY:EFFECT`."""
    key, _, value = line.partition("=")
    return f"{key}:{value.rpartition(':')[2]}" if line.startswith("taint ") else key


def withdrawn(noted: str, wanted: Sequence[str]) -> list[str]:
    """Lines that k8sops has set on a node (`noted`, the value of the annotation) and that are no longer declared."""
    try:
        lines = [str(line) for line in json.loads(noted)] if noted else []
    except (ValueError, TypeError):
        return []
    keys = {_key(line) for line in wanted}
    known = [line for line in lines if line.startswith(("label ", "annotate ", "taint ")) and "=" in line]
    return [line for line in known if _key(line) not in keys and OF_KUBEADM not in _key(line)]


def node(
    name: str,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    taints: Sequence[str] = (),
    noted: str = "",
) -> Resource:
    """The node has these labels, annotations and taints; those that others set are left alone.

    `noted`: what k8sops has set there before, from the annotation DECLARED. What of it is declared no more is taken
    away, unless somebody else has given it another value since. A node that has not joined cannot be told yet.
    """
    who, wanted = quote(name), metadata_of(labels, annotations, taints)
    gone = withdrawn(noted, wanted)
    note = json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))
    lines = [*wanted, f"annotate {DECLARED}={note}"] if wanted else []
    stale = f"""for one in "${{!NODE[@]}}"; do
  case $one in {who}" annotate {DECLARED}="*) echo "previously declared: ${{one#*=}}"; DRIFTED=1 ;; esac
done"""
    return Resource(
        id=f"node:{name}",
        check=f"""need_api
[ -n "${{NODE[{who}]-}}" ] || unknown "{name} is not a node yet"
DRIFTED=
for one in {" ".join(map(quote, lines))}; do
  [ -n "${{NODE[{who} $one]-}}" ] || {{ echo "wanted: $one"; DRIFTED=1; }}
done
for one in {" ".join(map(quote, gone))}; do
  [ -z "${{NODE[{who} $one]-}}" ] || {{ echo "no longer declared: $one"; DRIFTED=1; }}
done
{"" if wanted else stale}
[ -z "$DRIFTED" ] || drift""",
        apply="\n".join([*_removing(who, gone), *_setting(who, lines)]),
        want="\n".join(wanted) or "nothing set by k8sops",
        asks=(("nodes",),),
    )


def _removing(who: str, gone: Sequence[str]) -> list[str]:
    """Shell lines that remove what still has the noted value."""
    lines = ["ask_nodes; hear_api"] if gone else []
    for line in gone:
        verb, _, pair = line.partition(" ")
        key = pair.partition("=")[0] + (f":{pair.rpartition(':')[2]}" if verb == "taint" else "")
        lines += [f"one={quote(line)}"]
        lines += [f'[ -z "${{NODE[{who} $one]-}}" ] || kubectl {verb} node {who} {quote(f"{key}-")}']
    return lines


def _setting(who: str, lines: Sequence[str]) -> list[str]:
    """Shell lines that set everything, and the annotation last."""
    calls = [f"kubectl annotate node {who} {DECLARED}-"] if not lines else []
    for verb in ("label", "taint", "annotate"):
        pairs = [line.partition(" ")[2] for line in lines if line.startswith(f"{verb} ")]
        if pairs:
            calls.append(f"kubectl {verb} --overwrite node {who} {' '.join(map(quote, pairs))}")
    return calls
