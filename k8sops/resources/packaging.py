"""What the apt of a host would do for the packages that are wanted there, and what speaks against it: before anything
is installed. The questions are words of apt.sh; they start no process where nothing is to be installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.findings import Finding
from k8sops.engine.shell import quote
from k8sops.errors import SHOWN
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.packages import source_list


def plan_question(name: str, wanted: Mapping[str, str | None], hold: Sequence[str] = ()) -> str:
    """Shell line that asks what installing these would do to other packages of the host."""
    exact = [f"{package}={version}" if version else package for package, version in wanted.items()]
    return " ".join(["apt_plan", *map(quote, (name, " ".join(hold), *exact))])


def effects(facts: HostFacts, name: str) -> tuple[str, ...]:
    """What installing the packages of this resource would do to others: `removes NAME VERSION`, …"""
    lines = (line.split(" ", 1) for line in facts.more.get("apt", ()))
    return tuple(effect for resource, effect in lines if resource == name and not effect.startswith("held "))


def held_findings(fleet: Fleet, name: str) -> Iterator[Finding]:
    """Packages on hold that would have to be changed."""
    for host, facts in fleet.facts.items():
        for line in facts.more.get("apt", ()):
            resource, verb, package, version = line.split(" ", 3)
            if resource == name and verb == "held":
                yield Finding(host, "HeldPackage", f"{package} {version} is on hold, but would have to be changed")


def repository_questions(name: str, url: str, package: str, *, offers: bool) -> str:
    """Shell lines about the repository at `url`; `offers`: also which versions of `package=VERSION` it has."""
    own = quote(source_list(name))
    lines = [f"apt_other_sources {quote(url)} {own}"]
    return "\n".join([*lines, *([f"apt_offers {quote(url)} {quote(package)}"] if offers else [])])


def repository_findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    """Problems with the package repository of Kubernetes."""
    url, own = spec.package_repository, source_list("kubernetes")
    for host, facts in fleet.facts.items():
        for text in facts.more.get("apt_unreadable", ())[:1]:
            yield Finding(host, "AptSources", f"apt cannot read its sources: {text}")
        for file in facts.more.get("apt_source", ()):
            yield Finding(host, "PackageSource", f"{file} already has {url}: apt refuses it with two different keys")
        for line in facts.more.get("apt_kept", ())[:1]:
            yield Finding(host, "PackageSource", f"{own} has another repository, which would be lost: {line}")
        yield from _offered(spec, host, facts)


def _offered(spec: ClusterSpec, host: str, facts: HostFacts) -> Iterator[Finding]:
    url, offers = spec.package_repository, facts.more.get("offers", ())
    reached = all(answer == "ok" for (name, _), answer in facts.probes.items() if name == urlsplit(url).hostname)
    # A host that cannot connect is reported already (preflight: PackageRepository).
    for text in facts.more.get("offers_nothing", ()) if reached else ():
        if "404" in text:
            yield Finding(host, "PackageVersion", f"no packages of Kubernetes {spec.minor}: {url} does not exist (404)")
        else:
            yield Finding(host, "PackageRepository", f"cannot read {url}Packages: {text.rpartition('Packages  ')[2]}")
    if offers and spec.package_version not in offers:
        more = ", …" if len(offers) > SHOWN else ""
        listed = ", ".join(offers[:SHOWN]) + more
        yield Finding(host, "PackageVersion", f"{url} has no kubelet {spec.package_version}. Available: {listed}")
