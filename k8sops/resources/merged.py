"""Configuration files that others own, and in which k8sops needs some settings."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from k8sops.engine.facts import HostFacts
from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote

DIGEST = "sha256:"
COPY = ".k8sops-before"
"""Suffix of the copy of a file from before k8sops first changed it."""
EMPTY = hashlib.sha256(b"").hexdigest()
OWNERS = "containerd containerd.io docker.io docker-ce"
STALE = "has changed since it was read: run the command again"


def read_lines(paths: str) -> str:
    """Shell lines that print the files which these words of bash name, for `present`. A memory keeps their digests."""
    return f"""for path in {paths}; do
  [ ! -f "$path" ] || fact "more.file.$path" "$(base64 -w0 <"$path")"
done"""


@dataclass(frozen=True)
class Present:
    """A file on a host: `sum` is empty where there is none, `content` None where only its digest is known."""

    path: str
    sum: str = ""
    content: bytes | None = None

    @property
    def remembered(self) -> bool:
        return bool(self.sum) and self.content is None


def present(facts: HostFacts, path: str) -> Present:
    """The file as the host's facts have it."""
    value = (facts.more.get(f"file.{path}") or ("",))[0]
    if not value or value.startswith(DIGEST):
        return Present(path, value.removeprefix(DIGEST))
    content = base64.b64decode(value)
    return Present(path, hashlib.sha256(content).hexdigest(), content)


def settled(file: Present) -> Resource:
    """The file unchanged since it was read."""
    return Resource(
        id=f"file:{file.path}",
        check=f'[ "${{SUM[{quote(file.path)}]-}}" = {file.sum} ] || drift {quote(STALE)}',
        apply=f"echo {quote(f'{file.path} {STALE}')}\nexit 1",
        asks=(("file", file.path),),
    )


def only_owner_writes(path: str) -> Resource:
    """The file, if it exists, writable by its owner only.

    It has an id of its own, so that a change of the mode restarts no service.
    """
    name = quote(path)
    return Resource(
        id=f"mode:{path}",
        check=f"""case ${{MODE[{name}]-}} in
??[2367]?* | ???[2367]*) drift "mode ${{MODE[{name}]}}: writable by group or others" ;;
esac""",
        apply=f"chmod go-w {name}",
        want="writable by its owner only",
        asks=(("file", path),),
    )


def refused(path: str, why: str) -> Resource:
    """The file left unchanged for this reason; a finding reports it before anything is applied."""
    return Resource(id=f"file:{path}", check=f"drift {quote(why)}", apply=f"echo {quote(why)}\nexit 1")


def merged_file(file: Present, text: str, shown: Sequence[str]) -> Resource:
    """The file with this text, if it has not changed since it was read; its mode and owner are kept.

    What it was before k8sops first changed it stays beside it, for root alone, unless that came with a package.
    `shown`: the difference, without credentials. The text may hold some, so it travels as a secret.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest == file.sum:
        return settled(file)
    path = quote(file.path)
    content = Secret(re.sub(r"\W", "_", file.path), base64.b64encode(text.encode()).decode())
    return Resource(
        id=f"file:{file.path}",
        check=f"""case ${{SUM[{path}]-}} in
{digest}) ;;
{file.sum or f"''|{EMPTY}"}) drift {quote(chr(10).join(shown))} ;;
*) drift {quote(STALE)} ;;
esac""",
        apply=f"""path=$(readlink -m {path}) has='' mode=0644 owner=0:0
[ ! -s "$path" ] || read -r has _ < <(sha256sum <"$path")
packaged() {{
  local sum
  read -r sum _ < <(md5sum <"$path")
  {{ dpkg-query -W -f '${{Conffiles}}\\n' {OWNERS} 2>/dev/null || true; }} |
    grep -xF -- {quote(f" {file.path} ")}"$sum" >/dev/null
}}
if [ -n "$has" ] && ! packaged; then
  [ "$has" = {quote(file.sum)} ] || {{ echo {quote(f"{file.path} {STALE}")}; exit 1; }}
  [ -e {path}{COPY} ] || put_file {path}{COPY} 0600 root:root <"$path"
  read -r mode owner < <(stat -c '%04a %u:%g' "$path")
fi
base64 -d <<<"${content.variable}" | put_file "$path" "$mode" "$owner" """,
        secrets=(content,),
        asks=(("file", file.path),),
    )
