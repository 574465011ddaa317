"""Files that k8sops wrote for settings that are no longer declared."""

from __future__ import annotations

from collections.abc import Iterable

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote


def withdrawn(name: str, pattern: str, kept: Iterable[str], *, first: str = "", effect: str = "") -> Resource:
    """Files of this glob pattern removed, except those to keep.

    `first`: how the first line of a file begins that is ours; any file with such a name is, where it is empty.
    `effect`: what a removal means, for the plan.
    """
    keep = " ".join(map(quote, kept))
    stale = f"""stale=()
for path in {pattern}; do
  [ -f "$path" ] || continue
  for one in {keep}; do [ "$one" != "$path" ] || continue 2; done
  line=
  read -r line <"$path" || :
  case $line in {quote(first)}*) stale+=("$path") ;; esac
done"""
    return Resource(
        id=f"withdrawn:{name}",
        check=f"""{stale}
[ ${{#stale[@]}} = 0 ] || drift "no longer declared:"$'\\n'"$(printf '%s\\n' "${{stale[@]}}")"{quote(effect)}""",
        apply=f"""{stale}
[ ${{#stale[@]}} = 0 ] || rm -f "${{stale[@]}}" """,
        want="only files that are still declared",
    )
