"""Somebody's own configuration of Docker and containerd: merged, never replaced, its credentials never shown."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bash import bash, check, converge
from hypothesis import given, settings
from hypothesis import strategies as st
from test_runner import INVENTORY

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.findings import kind_of
from k8sops.engine.memory import keep, recall
from k8sops.engine.render import render
from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, envelope, new_mark
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.resources.configfile import ConfigError, difference, dump, masked, parse, rewrite
from k8sops.resources.merged import COPY, merged_file, only_owner_writes, present, read_lines
from k8sops.roles.runtimes.containerd import config as containerd
from k8sops.roles.runtimes.containerd.runtime import CONTAINERD
from k8sops.roles.runtimes.docker import daemon as dockerd
from k8sops.roles.runtimes.docker.daemon import DAEMON
from k8sops.roles.runtimes.tasks.container_runtime import TASK


def spec(extra: str = "") -> ClusterSpec:
    return make_spec(read_inventory(yamlfile.load(INVENTORY.replace("groups:", f"{extra}\ngroups:"), "inv.yaml")))


DOCKER, MIRRORED = "runtime: docker", "mirrors: {images: {registry.k8s.io: 'http://m:5000'}}"


def host(*files: tuple[str, str | bytes], containerd: str = "1.6.20~ds1-1", **more: tuple[str, ...]) -> HostFacts:
    """A host with these files."""
    read = {
        f"file.{path}": (base64.b64encode(text.encode() if isinstance(text, str) else text).decode(),)
        for path, text in files
    }
    return HostFacts(packages={"containerd": containerd}, more={**read, **more})


def text_of(resource: Resource) -> str:
    """What the resource would write."""
    return base64.b64decode(resource.secrets[0].reveal()).decode()


def config(facts: HostFacts, path: str, of: ClusterSpec) -> Resource:
    resources = TASK.resources(of, of.host("w1"), Fleet({"w1": facts}, frozenset({"w1"})))
    return next(one for one in resources if one.id == f"file:{path}")


def written(facts: HostFacts, path: str, of: ClusterSpec) -> str:
    return text_of(config(facts, path, of))


def unchanged(facts: HostFacts, path: str, of: ClusterSpec) -> bool:
    return not config(facts, path, of).secrets


def names(facts: HostFacts, of: ClusterSpec) -> list[tuple[str, str]]:
    found = list(TASK.findings(of, Fleet({"w1": facts}, frozenset({"w1"}))))
    assert all(kind_of(one.name).means for one in found)
    return [(one.name, one.what) for one in found]


# --- Docker ------------------------------------------------------------------------------------------------------

THEIRS = {"data-root": "/srv/docker", "dns": ["10.1.1.1"], "registry-mirrors": ["https://m.example.com"]}


def daemon(data: Mapping[str, Any], **more: tuple[str, ...]) -> HostFacts:
    return host((DAEMON, json.dumps(data)), **more)


def test_dockers_own_settings_stay_and_only_missing_ones_are_added() -> None:
    new = json.loads(written(daemon(THEIRS), DAEMON, spec(DOCKER)))
    assert new == {**THEIRS, "exec-opts": ["native.cgroupdriver=systemd"], "log-driver": "json-file",
                   "log-opts": {"max-size": "100m", "max-file": "3"}}  # fmt: skip
    assert not names(daemon(THEIRS), spec(DOCKER))


def test_the_file_that_k8sops_wrote_earlier_does_not_change() -> None:
    for extra in (DOCKER, f"{DOCKER}\n{MIRRORED.replace('registry.k8s.io', 'docker.io')}"):
        of = spec(extra)
        mirrors = dict(of.settings.mirrors.images)
        insecure = ["m:5000"] if mirrors else []
        text = render("runtimes/daemon.json.j2", spec=of, mirrors=mirrors, insecure=insecure)
        assert written(host(), DAEMON, of) == text
        assert unchanged(host((DAEMON, text)), DAEMON, of)
        assert unchanged(host((DAEMON, text), docker_used=("1",)), DAEMON, of)


def test_a_storage_driver_is_never_put_over_containers_that_are_there() -> None:
    assert "storage-driver" not in written(host(docker_used=("1",)), DAEMON, spec(DOCKER))
    assert "storage-driver" in written(host(), DAEMON, spec(DOCKER))
    assert "storage-driver" in written(daemon({"dns": []}), DAEMON, spec(DOCKER))
    assert "storage-driver" not in written(daemon({"dns": []}, docker_used=("1",)), DAEMON, spec(DOCKER))


def test_mirrors_are_added_to_those_that_are_there() -> None:
    of = spec(f"{DOCKER}\nmirrors: {{images: {{docker.io: 'http://m:5000'}}}}")
    new = json.loads(written(daemon({**THEIRS, "insecure-registries": ["a:1"]}), DAEMON, of))
    assert new["registry-mirrors"] == ["http://m:5000", "https://m.example.com"]
    assert new["insecure-registries"] == ["m:5000", "a:1"]
    assert unchanged(daemon(new), DAEMON, of)


def test_mirrors_that_only_k8sops_has_set_go_with_the_inventory() -> None:
    def of(url: str) -> ClusterSpec:
        return spec(f"{DOCKER}\nmirrors: {{images: {{docker.io: '{url}'}}}}")

    first = written(host(), DAEMON, of("http://a:1"))
    second = json.loads(written(host((DAEMON, first)), DAEMON, of("https://b")))
    assert (second["registry-mirrors"], second["insecure-registries"]) == (["https://b"], [])
    assert json.loads(written(host((DAEMON, first)), DAEMON, spec(DOCKER)))["registry-mirrors"] == []


@pytest.mark.parametrize(
    ("data", "finding", "level", "waivable"),
    [
        ({"exec-opts": ["native.cgroupdriver=cgroupfs"]}, "DockerConfig", "error", False),
        ({"log-driver": "journald"}, "DockerLogDriver", "error", True),
        ({"storage-driver": "btrfs"}, "DockerStorage", "warning", True),
    ],
)
def test_a_setting_that_contradicts_kubernetes_is_a_finding(
    data: dict[str, Any], finding: str, level: str, waivable: bool
) -> None:
    found = names(daemon(data), spec(DOCKER))
    assert [name for name, _ in found] == [finding]
    assert DAEMON in found[0][1]
    assert (kind_of(finding).level, kind_of(finding).waivable) == (level, waivable)
    for key in data.keys() & {"log-driver", "storage-driver"}:
        assert json.loads(written(daemon(data), DAEMON, spec(DOCKER)))[key] == data[key]


@pytest.mark.parametrize("text", ['{"a": 1,}', "[]", b"\xff\xfe", "{", "x"])
def test_a_file_that_cannot_be_read_is_refused_and_never_written(text: str | bytes) -> None:
    for path, of, finding in ((DAEMON, spec(DOCKER), "DockerConfig"), (CONTAINERD, spec(), "ContainerdConfig")):
        if path == CONTAINERD and text == "[]":
            continue
        facts = host((path, text))
        assert [name for name, _ in names(facts, of)] == [finding]
        resource = config(facts, path, of)
        assert not resource.secrets
        assert "exit 1" in (resource.apply or "")


def test_the_line_is_named() -> None:
    with pytest.raises(ConfigError, match="line 2, column 1: invalid JSON"):
        parse('{"a":\n}', "json")
    with pytest.raises(ConfigError, match="line 2, column 5: invalid TOML: "):
        parse("a = 1\nb = \nc = 3\n", "toml")
    with pytest.raises(ConfigError, match="line 2: invalid TOML: "):
        parse("a = 1\nb = ", "toml")


def test_a_restart_of_docker_is_a_risk_where_its_containers_run() -> None:
    of = spec(DOCKER)
    for facts, in_use in ((host(), False), (host(docker_running=("1",)), True)):
        resources = TASK.resources(of, of.host("w1"), Fleet({"w1": facts}))
        assert next(one for one in resources if one.id == "service:docker").in_use == in_use


# --- containerd --------------------------------------------------------------------------------------------------

OWN = """\
# Our own.
version = 2
imports = ["/etc/containerd/conf.d/*.toml"]
disabled_plugins = ["cri", "io.containerd.internal.v1.restart"]

[debug]
  level = "warn"  # quiet

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.example.com/pause:1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "nvidia"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
        BinaryName = "/usr/bin/nvidia-container-runtime"
  [plugins."io.containerd.grpc.v1.cri".registry.configs."reg.example.com".auth]
    username = "bob"
    password = "hunter2"
"""
V3 = """\
version = 3
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "zfs"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containers/certs.d'
"""
REGISTRY = f'version = 2\n[plugins."{containerd.CRI}".registry'


def test_containerds_own_settings_comments_and_credentials_stay() -> None:
    text = written(host((CONTAINERD, OWN)), CONTAINERD, spec())
    assert text.startswith("# Our own.\n")
    assert "# quiet" in text
    new, old = tomllib.loads(text), tomllib.loads(OWN)
    cri, before = new["plugins"][containerd.CRI], old["plugins"][containerd.CRI]
    assert new["disabled_plugins"] == ["io.containerd.internal.v1.restart"]
    assert new["imports"] == old["imports"]
    assert cri["registry"] == {**before["registry"], "config_path": containerd.CERTS}
    assert cri["containerd"]["default_runtime_name"] == "nvidia"
    assert cri["containerd"]["runtimes"]["nvidia"]["options"]["SystemdCgroup"]
    assert cri["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"]
    assert cri["sandbox_image"].startswith("registry.k8s.io/pause:")
    assert unchanged(host((CONTAINERD, text)), CONTAINERD, spec())


def test_version_3_is_merged_as_version_3() -> None:
    facts = host((CONTAINERD, V3), containerd="2.1.4")
    new = tomllib.loads(written(facts, CONTAINERD, spec()))["plugins"]
    assert new[containerd.IMAGES]["snapshotter"] == "zfs"
    assert new[containerd.IMAGES]["registry"] == {"config_path": "/etc/containers/certs.d"}
    assert new[containerd.RUNTIME]["cni"]["bin_dirs"] == ["/opt/cni/bin", "/usr/lib/cni"]
    mirrored = tomllib.loads(written(facts, CONTAINERD, spec(MIRRORED)))["plugins"]
    assert mirrored[containerd.IMAGES]["registry"]["config_path"] == f"{containerd.CERTS}:/etc/containers/certs.d"
    one = host((CONTAINERD, V3.replace("bin_dirs = ['/usr/lib/cni']", "bin_dir = '/usr/lib/cni'")), containerd="2.0.0")
    cni = tomllib.loads(written(one, CONTAINERD, spec()))["plugins"][containerd.RUNTIME]["cni"]
    assert cni == {"bin_dir": "/opt/cni/bin", "conf_dir": "/etc/cni/net.d"}


def test_a_file_of_version_2_stays_one_under_containerd_2() -> None:
    new = tomllib.loads(written(host((CONTAINERD, OWN), containerd="2.1.4"), CONTAINERD, spec()))
    assert new["version"] == 2
    assert containerd.CRI in new["plugins"]
    assert containerd.RUNTIME not in new["plugins"]


@pytest.mark.parametrize(("version", "form"), [("1.7.24", 2), ("2.1.4", 3)])
def test_on_a_bare_host_the_result_is_k8sops_file_whatever_the_package_brought(version: str, form: int) -> None:
    text = render(f"runtimes/containerd-v{form}.toml.j2", spec=spec())
    debian = (
        f'version = 2\n[plugins."{containerd.CRI}".cni]\nbin_dir = "/usr/lib/cni"\nconf_dir = "/etc/cni/net.d"\n'
        '[plugins."io.containerd.internal.v1.opt"]\npath = "/var/lib/containerd/opt"\n'
    )
    for shipped in (
        debian,
        '#   Copyright\ndisabled_plugins = ["cri"]\n#root = "/var/lib/containerd"\n',
        "",
        "# none\n",
    ):
        assert written(host((CONTAINERD, shipped), containerd=version), CONTAINERD, spec()) == text
    assert written(host(containerd=version), CONTAINERD, spec()) == text
    assert unchanged(host((CONTAINERD, text), containerd=version), CONTAINERD, spec())


def test_a_file_without_plugins_gets_the_newest_version() -> None:
    new = tomllib.loads(written(host((CONTAINERD, '[debug]\nlevel = "warn"\n')), CONTAINERD, spec()))
    assert (new["version"], new["debug"]) == (2, {"level": "warn"})


@pytest.mark.parametrize(
    ("text", "extra", "said"),
    [
        ('[plugins.cri]\nsandbox_image = "x"\n', "", "version 1"),
        ("version = 3\n", "", "has version 3"),
        (f'{REGISTRY}.mirrors."a"]\nendpoint = ["b"]\n', MIRRORED, "registry.mirrors"),
        (f'{REGISTRY}.configs."a".tls]\nca_file = "/b"\n', MIRRORED, "registry.configs.a.tls"),
    ],
)  # fmt: skip
def test_what_excludes_the_settings_that_are_needed_is_a_finding(text: str, extra: str, said: str) -> None:
    found = names(host((CONTAINERD, text)), spec(extra))
    assert [name for name, _ in found] == ["ContainerdConfig"]
    assert said in found[0][1]


def test_old_settings_of_registries_stay_where_there_is_no_mirror() -> None:
    text = f'{REGISTRY}.mirrors."a"]\nendpoint = ["b"]\n'
    assert not names(host((CONTAINERD, text)), spec())
    new = tomllib.loads(written(host((CONTAINERD, text)), CONTAINERD, spec()))
    assert new["plugins"][containerd.CRI]["registry"] == {"mirrors": {"a": {"endpoint": ["b"]}}}


def test_imported_files_that_take_precedence_are_named() -> None:
    nvidia = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\ndefault_runtime_name = "nvidia"\n'
    path = "/etc/containerd/conf.d/99-nvidia.toml"
    merged = written(host((CONTAINERD, OWN)), CONTAINERD, spec())
    found = names(host((CONTAINERD, merged), (path, nvidia)), spec())
    assert [name for name, _ in found] == ["ContainerdOverride"]
    assert path in found[0][1]
    assert "SystemdCgroup" in found[0][1]
    whole = merged.replace('imports = ["/etc/containerd/conf.d/*.toml"]\n', "")
    assert not names(host((CONTAINERD, merged), (path, whole)), spec())
    assert not names(
        host((CONTAINERD, merged), (path, '[plugins."io.containerd.nri.v1.nri"]\ndisable = true\n')), spec()
    )
    elsewhere = merged.replace("/etc/containerd/conf.d/*.toml", "/opt/own.toml")
    assert [name for name, _ in names(host((CONTAINERD, elsewhere)), spec())] == ["ContainerdImport"]
    assert [name for name, _ in names(host((CONTAINERD, merged), (path, "= 1")), spec())] == ["ContainerdConfig"]
    # containerd 2 merges setting by setting.
    later = nvidia.replace(containerd.CRI, containerd.RUNTIME)
    v3 = 'imports = ["/etc/containerd/conf.d/*.toml"]\n' + V3
    assert not names(host((CONTAINERD, v3), (path, later), containerd="2.1.4"), spec())
    wrong = f'[plugins."{containerd.RUNTIME}".containerd.runtimes.runc.options]\nSystemdCgroup = false\n'
    assert "ContainerdOverride" in dict(names(host((CONTAINERD, v3), (path, wrong), containerd="2.1.4"), spec()))


PLAIN = st.sampled_from([True, False, 0, 7, "x", 'q"', "é\n", (), (1, 2)]).map(
    lambda one: [*one] if one in ((), (1, 2)) else one
)
TABLE = st.dictionaries(st.sampled_from(["a", "b", "c d"]), PLAIN, max_size=3)
TABLES = st.dictionaries(
    st.sampled_from(["a", "b", "c.d", "SystemdCgroup"]),
    PLAIN | TABLE | st.dictionaries(st.sampled_from("xy"), TABLE),
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(TABLES, TABLES)
def test_whatever_the_files_form_the_settings_are_the_ones_that_were_decided(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert tomllib.loads(rewrite(dump(before, "toml"), before, after, "toml")) == after
    assert json.loads(rewrite(json.dumps(before), before, after, "json")) == after


def test_tables_in_several_places_are_no_trap() -> None:
    text = "[plugins]\n[plugins.a]\nx = 1\n[debug]\nlevel = 'x'\n[plugins.b]\ny = 1\n[plugins.a.z]\nq = 1\n"
    before = tomllib.loads(text)
    after = {**before, "plugins": {**before["plugins"], "a": {"x": 2, "z": {"q": 3, "w": {"v": True}}}}}
    assert tomllib.loads(rewrite(text, before, after, "toml")) == after


# --- nothing secret is shown ---------------------------------------------------------------------------------------

SECRET = {
    "auths": {"r": {"username": "bob", "password": "hunter2"}},
    "proxies": {"https-proxy": "http://u:hunter2@p:1", "no-proxy": "a"},
    "list": ["--token=hunter2", "https://u:hunter2@x/"],
    "header": {"Authorization": ["Basic hunter2"]},
    "registry": {"identitytoken": "hunter2", "api_key": "hunter2", "tls": {"key_file": "/etc/k.pem"}},
}


def test_credentials_are_masked_and_paths_are_not() -> None:
    shown = json.dumps(masked(SECRET))
    assert "hunter2" not in shown
    assert "/etc/k.pem" in shown
    for form in ("json", "toml"):
        lines = difference(SECRET, {**SECRET, "new": 1}, form)  # type: ignore[arg-type]
        assert lines
        assert "hunter2" not in str(lines)


@pytest.mark.parametrize(("path", "text", "extra"), [(DAEMON, json.dumps(SECRET), DOCKER), (CONTAINERD, OWN, "")])
def test_no_credential_is_in_a_step_but_in_its_secret(path: str, text: str, extra: str) -> None:
    resource = config(host((path, text)), path, spec(extra))
    assert "hunter2" in text_of(resource)
    assert "hunter2" not in f"{resource}{resource.check}{resource.apply}{resource.want}"
    plain = base64.b64encode(text.encode()).decode()
    assert plain[:40] not in f"{resource.check}{resource.apply}"


def test_a_memory_keeps_digests_of_files_and_a_guess_from_it_is_right_once_they_are_merged(tmp_path: Path) -> None:
    for path, text, extra in ((DAEMON, json.dumps(SECRET), DOCKER), (CONTAINERD, OWN, "")):
        merged = written(host((path, text)), path, spec(extra))
        line = f"more.file.{path}={base64.b64encode(merged.encode()).decode()}"
        keep(tmp_path / "facts.json", {"w1": ""}, {"w1": ["package.containerd=1.6.20", line]})
        kept = (tmp_path / "facts.json").read_text()
        assert line not in kept
        guess = config(HostFacts.parse(recall(tmp_path / "facts.json", {"w1": ""})["w1"]), path, spec(extra))
        assert guess == config(host((path, merged)), path, spec(extra))


# --- on a host, for real -------------------------------------------------------------------------------------------


def facts_of(folder: Path, lines: str) -> HostFacts:
    """What these lines of a task's questions print, as facts."""
    mark = new_mark()
    fact = 'fact() { printf \'%s=%s\\n\' "$1" "$2"; }'
    return HostFacts.parse(bash(envelope(mark, [fact, lines]), folder).out.splitlines())


def merging(path: Path, text: str, before: HostFacts) -> Resource:
    return merged_file(present(before, str(path)), text, ["-old", "+new"])


def test_a_merged_file_keeps_its_mode_and_a_copy_of_what_it_was(tmp_path: Path) -> None:
    real, path = tmp_path / "real.json", tmp_path / "daemon.json"
    real.write_text('{"a": "old"}')
    real.chmod(0o640)
    path.symlink_to(real)
    resource = merging(path, '{"a": "new"}', facts_of(tmp_path, read_lines(str(path))))
    assert check(resource, tmp_path) == 10
    assert converge([resource], tmp_path)[-3:-2] == ["settled 0"]
    copy = Path(f"{path}{COPY}")
    assert (real.read_text(), real.stat().st_mode & 0o777, path.is_symlink()) == ('{"a": "new"}', 0o640, True)
    assert (copy.read_text(), copy.stat().st_mode & 0o777) == ('{"a": "old"}', 0o600)
    assert check(resource, tmp_path) == 0
    again = merging(path, '{"a": "newer"}', facts_of(tmp_path, read_lines(str(path))))
    assert "settled 0" in converge([again], tmp_path)
    assert copy.read_text() == '{"a": "old"}'


@pytest.mark.parametrize("before", [None, "", "old"])
def test_a_file_that_changed_after_it_was_read_is_not_written(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "daemon.json"
    if before is not None:
        path.write_text(before)
    resource = merging(path, "new", facts_of(tmp_path, read_lines(str(path))))
    path.write_text("edited meanwhile")
    assert any(word.startswith("failed 0") for word in converge([resource], tmp_path))
    assert path.read_text() == "edited meanwhile"
    path.unlink()
    if not before:
        assert "settled 0" in converge([resource], tmp_path)
        assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_others_can_write_is_a_drift_of_its_own_and_its_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    path.write_text("same")
    resources = [merging(path, "same", facts_of(tmp_path, read_lines(str(path)))), only_owner_writes(str(path))]
    for mode, code, then in ((0o644, 0, 0o644), (0o666, 10, 0o644), (0o660, 10, 0o640), (0o602, 10, 0o600)):
        path.chmod(mode)
        assert [check(one, tmp_path) for one in resources] == [0, code]
        converge(resources, tmp_path)
        assert (path.stat().st_mode & 0o777, path.read_text()) == (then, "same")
    path.unlink()
    assert check(resources[1], tmp_path) == 0


def test_a_file_that_others_can_write_is_closed_in_the_run_that_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    path.write_text("old")
    path.chmod(0o666)
    resources = [merging(path, "new", facts_of(tmp_path, read_lines(str(path)))), only_owner_writes(str(path))]
    assert "settled 1" in converge(resources, tmp_path)
    assert (path.stat().st_mode & 0o777, path.read_text()) == (0o644, "new")


def test_values_of_a_template_are_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "templates" / "runtimes").mkdir(parents=True)
    (tmp_path / "templates" / "runtimes" / "daemon.json.j2").write_text('{"live-restore": true}')
    of = replace(spec(DOCKER), folder=tmp_path)
    assert json.loads(written(daemon(THEIRS), DAEMON, of)) == {**THEIRS, "live-restore": True}


def test_secrets_are_the_same_if_their_values_are() -> None:
    assert Secret("a", "b") == Secret("a", "b")
    assert Secret("a", "b") != Secret("a", "c")
    assert len({Secret("a", "b"), Secret("a", "b")}) == 1


# --- units ---------------------------------------------------------------------------------------------------------

EXEC = "[Service]\nExecStart=\nExecStart="


@pytest.mark.parametrize(
    ("path", "text", "extra", "found"),
    [
        ("docker.service.d/own.conf", f"{EXEC}/usr/bin/dockerd \\\n  --storage-driver=btrfs\n", DOCKER, "UnitOverride"),
        ("docker.service.d/own.conf", f"{EXEC}/usr/bin/dockerd -H fd:// --data-root /srv\n", DOCKER, ""),
        ("docker.service.d/proxy.conf", '[Service]\nEnvironment="HTTP_PROXY=http://u:hunter2@p"\n', DOCKER, ""),
        ("docker.service", f"{EXEC}/opt/dockerd\n", DOCKER, "UnitDropIn"),
        ("cri-docker.service.d/z.conf", f"{EXEC}/usr/bin/cri-dockerd\n", DOCKER, "UnitOverride"),
        ("cri-docker.service.d/a.conf", f"{EXEC}/usr/bin/cri-dockerd\n", DOCKER, "UnitDropIn"),
        ("cri-docker.service.d/k8sops.conf", f"{EXEC}/usr/bin/cri-dockerd\n", DOCKER, ""),
        ("containerd.service.d/a.conf", f"{EXEC}/usr/bin/containerd -c /opt/c.toml\n", "", "UnitOverride"),
        ("containerd.service.d/a.conf", f"{EXEC}/usr/bin/containerd --config=/etc/containerd/config.toml\n", "", ""),
        ("containerd.service.d/a.conf", f"{EXEC}/usr/bin/containerd --log-level debug\n", "", ""),
        ("docker.service.d/a.conf", f"{EXEC}/usr/bin/dockerd --log-driver x\n", "", ""),
        # Of kubelet's unit another task tells (leftovers).
        ("kubelet.service.d/a.conf", f"{EXEC}/usr/bin/kubelet --config=/x\n", "", ""),
        ("kubelet.service", f"{EXEC}/usr/bin/kubelet\n", DOCKER, ""),
    ],
)  # fmt: skip
def test_units_that_take_precedence_are_named(tmp_path: Path, path: str, text: str, extra: str, found: str) -> None:
    file = tmp_path / "etc/systemd/system" / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    of = spec(extra)
    asked = TASK.asks(of, of.host("w1"), {}).replace("/{etc,run}/", f"{tmp_path}/{{etc,run}}/")
    facts = facts_of(tmp_path, asked[asked.index("shopt -s nullglob") :])
    assert "hunter2" not in str(facts.more)
    facts = HostFacts(more={"unit": tuple(one.replace(str(tmp_path), "") for one in facts.more.get("unit", ()))})
    assert [name for name, _ in names(facts, of)] == ([found] if found else [])


def test_what_dockerd_refuses_beside_its_file_is_every_list_that_k8sops_sets() -> None:
    template = json.loads(render("runtimes/daemon.json.j2", spec=spec(DOCKER), mirrors={}, insecure=[]))
    assert set(dockerd.FLAGS.values()) == set(template)
