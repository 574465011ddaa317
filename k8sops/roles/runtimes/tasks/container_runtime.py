"""The container runtime of kubelet: containerd, or Docker with cri-dockerd."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from k8sops.engine.facts import Fleet, HostFacts, Parameters
from k8sops.engine.findings import Finding
from k8sops.engine.render import render
from k8sops.engine.resource import Resource, later
from k8sops.engine.shell import quote
from k8sops.engine.task import Task
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.configfile import ConfigError, Data, Form, difference, parse, rewrite
from k8sops.resources.files import file
from k8sops.resources.merged import Present, merged_file, only_owner_writes, present, read_lines, refused, settled
from k8sops.resources.services import service
from k8sops.resources.withdrawn import withdrawn
from k8sops.roles.kubeadm.facts import cluster_images
from k8sops.roles.runtimes import containerd, dockerd, unitfiles
from k8sops.roles.runtimes.docker import images
from k8sops.roles.runtimes.facts.registry import is_api_root

CONTAINERD, DAEMON = containerd.CONFIG, dockerd.DAEMON
HOSTS = containerd.CERTS + "/{}/hosts.toml"
IMPORTS = "/etc/containerd/conf.d/"
FORWARD = "/etc/systemd/system/docker.service.d/k8sops.conf"
CRI_DOCKERD = "/etc/systemd/system/cri-docker.service.d/k8sops.conf"
RUNNING = "/run/containerd/io.containerd.runtime.v2.task/moby /run/docker/containerd/daemon/*.v2.task/moby"
"""Directories of running Docker containers."""


def _resources(spec: ClusterSpec, host: HostEntry, fleet: Fleet) -> Iterator[Resource]:
    facts = fleet[host.name]
    return _docker(spec, host, facts) if host.runtime == "docker" else _containerd(spec, facts)


def _mirrors(spec: ClusterSpec) -> dict[str, str]:
    return {registry: url.rstrip("/") for registry, url in sorted(spec.settings.mirrors.images.items())}


def _containerd(spec: ClusterSpec, facts: HostFacts) -> Iterator[Resource]:
    for registry, url in _mirrors(spec).items():
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
        before = _parsed(has, "toml")
        new = before is None or containerd.is_packaged(before)
        form = containerd.newest(version) if new else containerd.version_of(before or {}, version)
        text = render(f"runtimes/containerd-v{3 if form > 2 else 2}.toml.j2", spec=spec)
        wanted = parse(text, "toml")
    except ConfigError as error:
        return refused(CONTAINERD, f"{CONTAINERD}: {error}")
    if new:
        return merged_file(has, text, difference(before, wanted, "toml"))
    after = containerd.merged(before or {}, wanted, mirrored=bool(spec.settings.mirrors.images))
    return _merged(has, before or {}, after, "toml")


def _merged(has: Present, before: Data, after: Data, form: Form) -> Resource:
    text = rewrite((has.content or b"").decode(), before, after, form)
    return merged_file(has, text, difference(before, after, form))


def _parsed(has: Present, form: Form) -> Data | None:
    """The settings in the file; None if it does not exist."""
    if has.content is None:
        return None
    try:
        return parse(has.content.decode(), form)
    except UnicodeDecodeError:
        raise ConfigError("is not text in UTF-8") from None


def _docker(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
    mirrors = _mirrors(spec)
    yield _daemon(spec, mirrors, facts)
    yield only_owner_writes(DAEMON)
    yield file(FORWARD, render("runtimes/docker.conf.j2", spec=spec))
    yield service("docker", reads=(DAEMON, FORWARD), in_use="docker_running" in facts.more)
    if not spec.has_dockershim:
        yield file(CRI_DOCKERD, render("runtimes/cri-docker.conf.j2", spec=spec))
        yield service("cri-docker", reads=(CRI_DOCKERD,))
    if mirrors:
        wanted = cluster_images(spec)
        yield images(spec.version, mirrors, wanted, control_plane=host.is_control_plane)


def _daemon(spec: ClusterSpec, mirrors: Mapping[str, str], facts: HostFacts) -> Resource:
    has = present(facts, DAEMON)
    if has.remembered:
        return settled(has)
    insecure = sorted(
        {url.removeprefix("http://").split("/")[0] for url in mirrors.values() if url.startswith("http:")}
    )
    # Docker appends /v2 to the path of a mirror, so it cannot use a URL that includes the API root.
    usable = {registry: url for registry, url in mirrors.items() if not is_api_root(url)}
    text = render("runtimes/daemon.json.j2", spec=spec, mirrors=usable, insecure=insecure)
    used = "docker_used" in facts.more
    try:
        before, wanted = _parsed(has, "json"), parse(text, "json")
    except ConfigError as error:
        return refused(DAEMON, f"{DAEMON}: {error}")
    if (before is None and not used) or dockerd.is_own(before or {}, wanted):
        return merged_file(has, text, difference(before, wanted, "json"))
    after = dockerd.merged(before or {}, wanted, used=used)
    return _merged(has, before or {}, after, "json")


def _asks(spec: ClusterSpec, host: HostEntry, told: Parameters) -> str:
    if host.runtime == "containerd":
        units = unitfiles.read_units(("containerd",))
        return f"{read_lines(f'{CONTAINERD} {IMPORTS}*.toml')}\n{_read_hosts(spec)}\n{units}"
    units = unitfiles.read_units(("docker", "cri-docker"))
    return f"""{read_lines(DAEMON)}
for path in /var/lib/docker/containers/*; do [ ! -d "$path" ] || {{ fact more.docker_used 1; break; }}; done
for path in {" ".join(f"{folder}/*" for folder in RUNNING.split())}; do
  [ ! -d "$path" ] || {{ fact more.docker_running 1; break; }}
done
{units}"""


def _read_hosts(spec: ClusterSpec) -> str:
    """Shell lines that print the first line of each mirror's hosts.toml."""
    paths = " ".join(quote(HOSTS.format(registry)) for registry in _mirrors(spec))
    return f"""for path in {paths}; do
  [ ! -f "$path" ] || {{ read -r line <"$path" || :; fact "more.hosts.$path" "${{line%%:*}}"; }}
done"""


def _mark(text: str) -> str:
    """The first words of the file, which identify it as written by k8sops."""
    return text.partition("\n")[0].partition(":")[0]


def _findings(spec: ClusterSpec, fleet: Fleet) -> Iterator[Finding]:
    for host in spec.hosts:
        if host.name in fleet.there:
            facts = fleet[host.name]
            of_files = _of_docker(spec, facts) if host.runtime == "docker" else _of_containerd(spec, facts)
            for name, what in (*of_files, *unitfiles.findings(facts)):
                yield Finding(host.name, name, what)


def _of_docker(spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
    url = spec.settings.mirrors.images.get("docker.io", "")
    if is_api_root(url):
        yield "DockerMirror", f"Docker cannot use {url} as a mirror of docker.io, because the URL has a path"
    try:
        before = _parsed(present(facts, DAEMON), "json") or {}
    except ConfigError as error:
        yield "DockerConfig", f"{DAEMON}: {error}"
        return
    for conflict in dockerd.conflicts(before):
        yield conflict.name, f"{DAEMON}: {conflict.what}"


def _of_containerd(spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
    version, mirrored = facts.containerd or "", bool(spec.settings.mirrors.images)
    for registry, url in _mirrors(spec).items():
        path = HOSTS.format(registry)
        if facts.more.get(f"hosts.{path}", (mark := _mark(_hosts(spec, registry, url)),)) != (mark,):
            yield "RegistryHosts", f"{path} exists already and was not written by k8sops"
    try:
        before = _parsed(present(facts, CONTAINERD), "toml")
    except ConfigError as error:
        yield "ContainerdConfig", f"{CONTAINERD}: {error}"
        return
    if not before or containerd.is_packaged(before) or not version:
        return
    for what in containerd.conflicts(before, version, mirrored=mirrored):
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
    form = 3 if containerd.version_of(before, version) > 2 else 2
    wanted = parse(render(f"runtimes/containerd-v{form}.toml.j2", spec=spec), "toml")
    config = containerd.merged({**before, "version": form}, wanted, mirrored=bool(spec.settings.mirrors.images))
    for key in facts.more:
        path = key.removeprefix("file.")
        if path.startswith(IMPORTS):
            try:
                imported = _parsed(present(facts, path), "toml") or {}
            except ConfigError as error:
                yield "ContainerdConfig", f"{path}: {error}"
                continue
            if lost := containerd.overridden(imported, _only(config, wanted), version):
                yield "ContainerdOverride", f"{path} is imported and overrides {', '.join(lost)}"


def _only(config: Data, wanted: Data) -> Data:
    """Those of the settings that k8sops sets."""
    return {
        key: _only(config[key], value) if isinstance(value, dict) and isinstance(config[key], dict) else config[key]
        for key, value in wanted.items()
        if key in config
    }


TASK = Task(
    name="container-runtime",
    title="container runtime configured for kubelet",
    needs=("kubernetes-packages",),
    resources=_resources,
    findings=_findings,
    asks=_asks,
    asks_again=True,
)
