"""Where lab hosts get Kubernetes from: the upstream repositories, or a mirror that is built from source."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from k8sops.errors import UsageError
from k8sops.lab.machine import LabError, Say
from k8sops.lab.upstream import failures


class Source(StrEnum):
    """`auto` queries upstream and falls back to the mirror; with `bare`, hosts get neither."""

    auto = "auto"
    upstream = "upstream"
    mirror = "mirror"
    bare = "bare"


def source_of(flags: dict[Source, bool]) -> Source:
    """The one source whose flag is set; UsageError when two are."""
    given = [source for source, is_set in flags.items() if is_set]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(f'--{source}' for source in given)} exclude each other")
    return given[0] if given else Source.auto


def resolve(source: Source, version: str, docker: Collection[str], say: Say) -> Source:
    """The source that is used, never `auto`; says which and why. LabError when upstream is forced and unreachable."""
    if source is Source.bare:
        return source
    if source is Source.mirror:
        say("Kubernetes comes from the lab's mirror: --mirror")
        return source
    if docker and source is Source.upstream:
        raise UsageError("upstream has no package of cri-dockerd, which --docker needs", remedy="use --mirror")
    problems = ["no package of cri-dockerd, which --docker needs"] if docker else failures(version)
    if not problems:
        say("Kubernetes comes from upstream: its package repository and image registries answer")
        return Source.upstream
    listed = "".join(f"\n  {problem}" for problem in problems)
    if source is Source.upstream:
        raise LabError(f"upstream cannot be used:{listed}", remedy="without --upstream, a mirror is built from source")
    say(f"Kubernetes comes from the lab's mirror, built from source: upstream cannot be used:{listed}")
    return Source.mirror


def link_kubectl(folder: Path, programs: Path) -> None:
    """`folder` has kubectl of this lab; a program that is not a link of ours stays."""
    link = folder / "kubectl"
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(programs / "kubectl")
