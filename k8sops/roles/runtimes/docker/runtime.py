"""Docker as kubelet's runtime: packages, configuration, and what speaks against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from k8sops.engine.facts import HostFacts
from k8sops.engine.render import render
from k8sops.engine.resource import Resource
from k8sops.inventory.releases import number
from k8sops.inventory.spec import ClusterSpec, HostEntry
from k8sops.resources.configfile import ConfigError, difference, parse
from k8sops.resources.files import file
from k8sops.resources.merged import merged_file, only_owner_writes, present, read_lines, refused, settled
from k8sops.resources.packages import deb
from k8sops.resources.services import service
from k8sops.roles.kubeadm.facts import cluster_images
from k8sops.roles.protocols import Runtime
from k8sops.roles.runtimes import unitfiles
from k8sops.roles.runtimes.docker import daemon
from k8sops.roles.runtimes.docker.images import images
from k8sops.roles.runtimes.facts.registry import is_api_root
from k8sops.roles.runtimes.settings import merged_settings, mirrors_of, parsed

DAEMON = daemon.DAEMON
FORWARD = "/etc/systemd/system/docker.service.d/k8sops.conf"
CRI_DOCKERD = "/etc/systemd/system/cri-docker.service.d/k8sops.conf"
RUNNING = "/run/containerd/io.containerd.runtime.v2.task/moby /run/docker/containerd/daemon/*.v2.task/moby"
"""Where a running container of Docker has a folder."""
CLI_APART = {"debian": 13}
"""From which release on Debian's docker.io comes without the command `docker`, which is in docker-cli."""


class Docker(Runtime):
    name = "docker"
    folder = "/var/lib/docker"
    units = ("docker", "cri-docker")
    package_words = f"""runtime=(docker.io)
[ "$OS_ID" != debian ] || [ "${{OS_VERSION%%.*}}" -lt {CLI_APART["debian"]} ] || runtime+=(docker-cli)
[ -z "${{HAS[docker-ce]-}}" ] || runtime=(docker-ce)"""
    cgroup_driver = "docker info --format '{{.CgroupDriver}}'", "systemd"

    def socket(self, spec: ClusterSpec) -> str:
        return "unix:///var/run/dockershim.sock" if spec.has_dockershim else "unix:///run/cri-dockerd.sock"

    def packages(self, spec: ClusterSpec, facts: HostFacts) -> Sequence[str]:
        """The distribution's own packages, unless those of Docker's repository are there already."""
        docker = ["docker-ce"] if "docker-ce" in facts.packages else ["docker.io"]
        if docker == ["docker.io"] and _has_cli_apart(facts):
            docker.append("docker-cli")
        return [*docker, *self.certain_packages(spec)]

    def certain_packages(self, spec: ClusterSpec) -> Sequence[str]:
        return () if spec.has_dockershim or spec.settings.docker.cri_dockerd else ("cri-dockerd",)

    def downloads(self, spec: ClusterSpec) -> Iterator[Resource]:
        own = spec.settings.docker.cri_dockerd
        if own and not spec.has_dockershim:
            yield deb("cri-dockerd", own.url, own.sha256)

    def kubelet_args(self, spec: ClusterSpec) -> Mapping[str, str]:
        """kubelet speaks to the streaming server itself since 1.36 (KEP-4006); cri-dockerd names it without a scheme,
        kubelet takes it for https, and `kubectl exec` fails."""
        return {"feature-gates": "ExtendWebSocketsToKubelet=false"} if number(spec.version) >= (1, 36) else {}

    def asks(self, spec: ClusterSpec) -> str:
        units = unitfiles.read_units(self.units)
        return f"""{read_lines(DAEMON)}
for path in /var/lib/docker/containers/*; do [ ! -d "$path" ] || {{ fact more.docker_used 1; break; }}; done
for path in {" ".join(f"{folder}/*" for folder in RUNNING.split())}; do
  [ ! -d "$path" ] || {{ fact more.docker_running 1; break; }}
done
{units}"""

    def resources(self, spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
        return _resources(spec, host, facts)

    def findings(self, spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
        return _findings(spec, facts)


def _has_cli_apart(facts: HostFacts) -> bool:
    major = facts.os_version.partition(".")[0]
    return facts.os in CLI_APART and major.isdigit() and int(major) >= CLI_APART[facts.os]


def _resources(spec: ClusterSpec, host: HostEntry, facts: HostFacts) -> Iterator[Resource]:
    mirrors = mirrors_of(spec)
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
        before, wanted = parsed(has, "json"), parse(text, "json")
    except ConfigError as error:
        return refused(DAEMON, f"{DAEMON}: {error}")
    if (before is None and not used) or daemon.is_own(before or {}, wanted):
        return merged_file(has, text, difference(before, wanted, "json"))
    after = daemon.merged(before or {}, wanted, used=used)
    return merged_settings(has, before or {}, after, "json")


def _findings(spec: ClusterSpec, facts: HostFacts) -> Iterator[tuple[str, str]]:
    url = spec.settings.mirrors.images.get("docker.io", "")
    if is_api_root(url):
        yield "DockerMirror", f"Docker cannot use {url} as a mirror of docker.io, because the URL has a path"
    try:
        before = parsed(present(facts, DAEMON), "json") or {}
    except ConfigError as error:
        yield "DockerConfig", f"{DAEMON}: {error}"
        return
    for conflict in daemon.conflicts(before):
        yield conflict.name, f"{DAEMON}: {conflict.what}"


RUNTIME = Docker()
