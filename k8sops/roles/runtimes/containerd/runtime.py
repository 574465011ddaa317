"""containerd as kubelet's runtime: packages, configuration, and what speaks against them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from k8sops.engine.facts import HostFacts
from k8sops.engine.render import render
from k8sops.engine.resource import Resource, later
from k8sops.engine.shell import quote
from k8sops.inventory.releases import CONTAINERD_OF, needed_containerd
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.configfile import ConfigError, Data, difference, parse
from k8sops.resources.files import file
from k8sops.resources.merged import Present, merged_file, only_owner_writes, present, read_lines, refused, settled
from k8sops.resources.services import service
from k8sops.resources.withdrawn import withdrawn
from k8sops.roles.protocols import Runtime
from k8sops.roles.runtimes import unitfiles
from k8sops.roles.runtimes.containerd import config
from k8sops.roles.runtimes.facts.registry import is_api_root
from k8sops.roles.runtimes.settings import merged_settings, mirrors_of, parsed

CONTAINERD = config.CONFIG
HOSTS = config.CERTS + "/{}/hosts.toml"
IMPORTS = "/etc/containerd/conf.d/"


class Containerd(Runtime):
    name = "containerd"
    folder = "/var/lib/containerd"
    units = ("containerd",)
    package_words = """runtime=(containerd)
[ -z "${HAS[containerd.io]-}" ] || runtime=(containerd.io)"""
    cgroup_driver = "containerd config dump", "SystemdCgroup = true"

    def socket(self, spec: ClusterSpec) -> str:
        return "unix:///run/containerd/containerd.sock"

    def packages(self, spec: ClusterSpec, facts: HostFacts) -> Sequence[str]:
        """The distribution's own package, unless that of Docker's repository is there already."""
        return ["containerd.io" if "containerd.io" in facts.packages else "containerd"]

    def package_findings(self, spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
        return _version(spec, facts)

    def asks(self, spec: ClusterSpec) -> str:
        units = unitfiles.read_units(self.units)
        return f"{read_lines(f'{CONTAINERD} {IMPORTS}*.toml')}\n{_read_hosts(spec)}\n{units}"

    def resources(self, spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
        return _resources(spec, facts)

    def findings(self, spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
        return _findings(spec, facts)


def _version(spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
    version = facts.containerd or CONTAINERD_OF.get((facts.os, facts.os_version))
    number = re.match(r"(?:\d+:)?(\d+)\.(\d+)", version or "")
    if not version or not number:
        return
    has = int(number[1]), int(number[2])
    needed, later = needed_containerd(spec.version)
    if has < needed:
        what = f"containerd {version}: Kubernetes {spec.minor} needs {needed[0]}.{needed[1]} or newer"
        yield "ContainerdVersion", what
    elif later and has < later[1]:
        what = f"containerd {version}: Kubernetes {later[0]} will need {later[1][0]}.{later[1][1]} or newer"
        yield "ContainerdSupport", what


def _resources(spec: ClusterSpec, facts: HostFacts) -> Iterator[Resource]:
    for registry, url in mirrors_of(spec).items():
        yield file(HOSTS.format(registry), _hosts(spec, registry, url))
    kept = map(HOSTS.format, spec.settings.mirrors.images)
    yield withdrawn("image-mirrors", HOSTS.format("*"), kept, first="# Written by k8sops")
    if facts.containerd is None:
        yield later(f"file:{CONTAINERD}", "depends on the version of containerd, which is not installed yet")
    else:
        yield _config(spec, present(facts, CONTAINERD), facts.containerd)
        yield only_owner_writes(CONTAINERD)
    yield service("containerd", reads=(CONTAINERD,))


def _hosts(spec: ClusterSpec, registry: str, url: str) -> str:
    return render("runtimes/hosts.toml.j2", spec=spec, registry=registry, url=url, override_path=is_api_root(url))


def _config(spec: ClusterSpec, has: Present, version: str) -> Resource:
    if has.remembered:
        return settled(has)
    try:
        before = parsed(has, "toml")
        new = before is None or config.is_packaged(before)
        form = config.newest(version) if new else config.version_of(before or {}, version)
        text = render(f"runtimes/containerd-v{3 if form > 2 else 2}.toml.j2", spec=spec)
        wanted = parse(text, "toml")
    except ConfigError as error:
        return refused(CONTAINERD, f"{CONTAINERD}: {error}")
    if new:
        return merged_file(has, text, difference(before, wanted, "toml"))
    after = config.merged(before or {}, wanted, mirrored=bool(spec.settings.mirrors.images))
    return merged_settings(has, before or {}, after, "toml")


def _findings(spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
    version, mirrored = facts.containerd or "", bool(spec.settings.mirrors.images)
    for registry, url in mirrors_of(spec).items():
        path = HOSTS.format(registry)
        if facts.more.get(f"hosts.{path}", (mark := _mark(_hosts(spec, registry, url)),)) != (mark,):
            yield "RegistryHosts", f"{path} exists already and was not written by k8sops"
    try:
        before = parsed(present(facts, CONTAINERD), "toml")
    except ConfigError as error:
        yield "ContainerdConfig", f"{CONTAINERD}: {error}"
        return
    if not before or config.is_packaged(before) or not version:
        return
    for what in config.conflicts(before, version, mirrored=mirrored):
        yield "ContainerdConfig", f"{CONTAINERD} {what}"
    yield from _imports(spec, facts, before, version)


def _imports(spec: ClusterSpec, facts: HostFacts, before: Data, version: str) -> Iterator[tuple[str, str]]:
    """Settings of config.toml that imported files override."""
    patterns = [str(one) for one in before.get("imports") or ()]
    unseen = [one for one in patterns if not re.fullmatch(re.escape(IMPORTS) + r"[^/]*", one)]
    if unseen:
        yield "ContainerdImport", f"{CONTAINERD} imports {', '.join(unseen)}, which take precedence and are not checked"
    if len(unseen) == len(patterns):
        return
    form = 3 if config.version_of(before, version) > 2 else 2
    wanted = parse(render(f"runtimes/containerd-v{form}.toml.j2", spec=spec), "toml")
    whole = config.merged({**before, "version": form}, wanted, mirrored=bool(spec.settings.mirrors.images))
    for key in facts.more:
        path = key.removeprefix("file.")
        if path.startswith(IMPORTS):
            try:
                imported = parsed(present(facts, path), "toml") or {}
            except ConfigError as error:
                yield "ContainerdConfig", f"{path}: {error}"
                continue
            if lost := config.overridden(imported, _only(whole, wanted), version):
                yield "ContainerdOverride", f"{path} is imported and overrides {', '.join(lost)}"


def _only(config: Data, wanted: Data) -> Data:
    """Those of the settings that k8sops sets."""
    return {
        key: _only(config[key], value) if isinstance(value, dict) and isinstance(config[key], dict) else config[key]
        for key, value in wanted.items()
        if key in config
    }


def _mark(text: str) -> str:
    """The first words of the file, which identify it as written by k8sops."""
    return text.partition("\n")[0].partition(":")[0]


def _read_hosts(spec: ClusterSpec) -> str:
    """Shell lines that print the first line of each mirror's hosts.toml."""
    paths = " ".join(quote(HOSTS.format(registry)) for registry in mirrors_of(spec))
    return f"""for path in {paths}; do
  [ ! -f "$path" ] || {{ read -r line <"$path" || :; fact "more.hosts.$path" "${{line%%:*}}"; }}
done"""


RUNTIME = Containerd()
