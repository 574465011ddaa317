"""No value of an inventory reaches a shell unquoted: each is refused, or it is inert in every script of every task.

The scripts run for real, in this machine's bash, over a file system of their own: absolute paths point into a folder
of the test, and programs that are not harmless only note down what they were called with.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from k8sops.engine.facts import Fleet, HostFacts
from k8sops.engine.resource import Resource
from k8sops.engine.shell import READER, Secret, define, envelope, framed, new_mark
from k8sops.engine.task import load_task, task_names
from k8sops.errors import InputError, Where
from k8sops.inventory import yamlfile
from k8sops.inventory.load import read_inventory
from k8sops.inventory.settings import InventoryModel
from k8sops.inventory.spec import ClusterSpec, make_spec
from k8sops.inventory.yamlfile import Document
from k8sops.roles.etcd.restore import Restore
from k8sops.roles.etcd.tasks.etcd_backup import NewBackup
from k8sops.roles.etcd.tasks.etcd_verify import Drill

BASE: dict[str, Any] = {
    "cluster": "demo",
    "kubernetes": "1.36.3",
    "groups": {
        "control_plane": {"hosts": {"cp1": {"address": "10.0.0.11"}, "cp2": {"address": "10.0.0.12"}}},
        "workers": {"hosts": {"w1": {"address": "10.0.0.21"}, "w2": {"address": "10.0.0.22", "runtime": "docker"}}},
    },
}
TRAP = "Zz9"
"""A program that must never run, and a word that is in every text, so that it is found wherever the text went."""
NASTY = [
    "$(Zz9)", "`Zz9`", "x; Zz9", "x' ; Zz9; '", 'x" ; Zz9; "', "x\nZz9\n", "Zz9\n", "x | Zz9", "x && Zz9", "x\\\nZz9",
    "<(Zz9)", "${x:-$(Zz9)}", "-Zz9", "--Zz9=x", "{{7*191}}Zz9", "{% raw %}Zz9", "{{range .}}Zz9{{end}}", "%s%n%dZz9",
    "a$(Zz9)=b", "../../Zz9", "* Zz9", "~Zz9", "!!Zz9", "a b Zz9", "Zz9'", 'Zz9"', "Zz9 $", "Zz9\\", "EOF\nZz9",
    "a: {b: Zz9}", "- Zz9", "# Zz9", "@k8sops:Zz9 end", "Zz9[$(Zz9)]", "Zz9\r", "Zz9\x00", "éZz9", "*/$(Zz9)",
]  # fmt: skip


# --- where a text may stand in an inventory ----------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A way down to a text: names of fields and keys, `*` for a key that is the text, numbers for items of lists."""

    path: tuple[str | int, ...]

    def put(self, data: dict[str, Any], text: str) -> dict[str, Any]:
        """The inventory with this text there."""
        made: Any = text
        for step in reversed(self.path[1:]):
            made = [made] if isinstance(step, int) else {text if step == "*" else step: made}
        return _merge(deepcopy(data), {str(self.path[0]): made})


def _merge(into: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(into.get(key), dict)
        into[key] = _merge(into[key], value) if both else value
    return into


def places(kind: Any, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """All places of texts below a field of this type."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from places(args[0], path)
    elif origin in (Union, UnionType):
        for one in args:
            yield from places(one, path)
    elif origin is dict:
        key = {"hosts": "cp1", "groups": "control_plane", "sysctl": "net.key"}.get(str(path[-1]), "key")
        yield from places(args[1], (*path, key))
        if args[1] is Any:
            yield from (Place((*path, *more)) for more in (("key",), ("key", 0), ("key", "sub")))
        yield Place((*path, "*"))
    elif origin is list:
        yield from places(args[0], (*path, 0))
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, one in kind.model_fields.items():
            yield from places(one.annotation, (*path, name))
    elif kind is str or origin is Literal:
        yield Place(path)


PLACES = sorted(set(places(InventoryModel)), key=str)
BESIDES: dict[tuple[str, ...], dict[str, Any]] = {
    ("etcd", "external"): {"endpoints": ["https://10.9.9.9:2379"], "ca": "ca.crt", "cert": "ca.crt", "key": "ca.crt"},
    ("docker", "cri_dockerd"): {"url": "http://m/c.deb", "sha256": "0" * 64},
    ("network", "cni"): {"manifests": ["own.yaml"]},
    ("extra_volumes",): {"name": "v", "host_path": "/a", "mount_path": "/b"},
}
"""What must stand beside a text there."""


def beside(place: Place) -> dict[str, Any]:
    """The base, with what this place needs."""
    data = deepcopy(BASE)
    for path, fields in BESIDES.items():
        if place.path[: len(path)] == path:
            data = Place((*path, "-")).put(data, "-")
            data[path[0]][path[1]] = dict(fields)
    if "extra_volumes" in place.path:
        return data
    return data


def read(data: dict[str, Any], folder: Path) -> ClusterSpec:
    """The cluster that this inventory describes, as it comes from the text of a file in that folder."""
    try:
        text = yaml.safe_dump(data, allow_unicode=True)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(str(error)) from None
    return make_spec(read_inventory(yamlfile.load(text, str(folder / "inventory.yaml"))))


def volume(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a volume stand together."""
    for program in ("api_server", "controller_manager", "scheduler"):
        for at, one in enumerate(data.get(program, {}).get("extra_volumes", [])):
            data[program]["extra_volumes"][at] = {**BESIDES[("extra_volumes",)], **one}
    return data


def takes(place: Place, text: str, folder: Path) -> bool:
    """Whether an inventory may have this text there."""
    data = volume(place.put(beside(place), text))
    try:
        # Most are refused by the model already. What YAML makes of a text is the same in all places.
        InventoryModel.model_validate(data)
        in_yaml(text)
        make_spec(read_inventory(Document(str(folder / "inventory.yaml"), data, {(): Where("inventory.yaml")})))
    except (InputError, ValidationError):
        return False
    return True


@cache
def in_yaml(text: str) -> None:
    """A file can have this text, as a key and as a value; InputError where it cannot."""
    try:
        assert yamlfile.load(yaml.safe_dump({text: [text]}, allow_unicode=True), "x").data == {text: [text]}
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(str(error)) from None


# --- what comes of it --------------------------------------------------------------------------------------------

CA = """\
-----BEGIN CERTIFICATE-----
MIIBITCByKADAgECAgEBMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCmt1YmVybmV0
-----END CERTIFICATE-----
"""
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: default}\n"
TOLD = {
    "restore": "20260101T000000Z",
    "backup": "demo-20260101T000000Z-cp1",
    "leaving": "w2",
    "member": "8e9e05c52164694d",
    "node": "cp1",
    "since": "1",
    "begun": "1",
    "bump": "1",
}
"""What a run of backups, restores and resets is told beside the inventory, and what its tasks decide."""


def decided(told: Mapping[str, str], **members: tuple[str, str]) -> dict[type, object]:
    """What tasks would have decided, with these values; `members`: name and peer URL by host."""
    restore = Restore(told["restore"], int(told["bump"]), told["backup"], members, told["begun"])
    values = (restore, Drill(told["backup"], told["node"], told["since"]), NewBackup(told["backup"]))
    return {type(value): value for value in values}


KNOWN = {"joined": True, "initialised": True, "api": True}
FLEETS = [
    Fleet(
        {name: HostFacts() for name in ("cp1", "cp2", "w1", "w2")},
        frozenset({"cp1", "cp2", "w1", "w2"}),
        TOLD,
        decisions=decided(TOLD),
    ),
    Fleet(
        {"cp1": HostFacts(**KNOWN), "cp2": HostFacts(ufw=True), "w1": HostFacts(), "w2": HostFacts(**KNOWN)},
        frozenset({"cp1", "cp2", "w1", "w2"}),
        TOLD,
        decisions=decided(TOLD),
    ),
]
REAL = (
    "bash",
    "cat",
    "sed",
    "grep",
    "awk",
    "base64",
    "sha256sum",
    "tr",
    "head",
    "tail",
    "cut",
    "wc",
    "stat",
    "mktemp",
    "chmod",
    "mkdir",
    "ls",
    "env",
    "seq",
)
STUBS = (
    "kubectl",
    "kubeadm",
    "systemctl",
    "apt-get",
    "apt-mark",
    "apt-cache",
    "dpkg",
    "dpkg-query",
    "sysctl",
    "modprobe",
    "docker",
    "ctr",
    "crictl",
    "nft",
    "ip",
    "ufw",
    "iptables",
    "ip6tables",
    "iptables-save",
    "ip6tables-save",
    "swapoff",
    "flock",
    "timeout",
    "rm",
    "mv",
    "chown",
    "sync",
    "sleep",
    "date",
    "install",
    "touch",
    "cmp",
    "cp",
    "getent",
    "id",
    "sort",
    "openssl",
    "curl",
    "age",
    "mount",
    "umount",
    "find",
    "xargs",
)


def fragments(spec: ClusterSpec) -> list[Resource]:
    """Everything that bears a text of the inventory, of all tasks on all hosts."""
    found: dict[tuple[str, str | None], Resource] = {}
    for fleet in FLEETS:
        for name in task_names(spec.folder):
            for host in spec.hosts:
                for one in load_task(name, spec.folder).resources(spec, host, fleet):
                    assert "1337" not in f"{one.check}{one.apply}", f"{one.id}: a template was evaluated"
                    assert ".." not in one.id.replace("../../Zz9=", ""), one.id
                    if TRAP in f"{one.check}{one.apply}":
                        found[one.check, one.apply] = one
    return list(found.values())


SAFE = re.compile(r"[\w@%+=:,./\s\"'-]*", re.ASCII)
"""What shlex.quote leaves as it is, and what may stand beside it."""


def around(script: str, at: int) -> tuple[str, int, int]:
    """The place of the word at this index, with what touches it."""
    return script, max(0, at - 1), at + len(TRAP) + 1


def bare(script: str) -> list[str]:
    """The lines of a script where the word stands outside of single quotes, beside what bash would not read as text."""
    found, stack, at, word = [], ["code"], 0, True
    while at < len(script):
        letter, inside = script[at], stack[-1]
        if script.startswith(TRAP, at) and not SAFE.fullmatch(*around(script, at)):
            found.append(script[script.rfind("\n", 0, at) + 1 :].partition("\n")[0])
        if letter == "\\":
            at += 1
        elif letter == "'" and inside == "code":
            at = script.find("'", at + 1)
            assert at >= 0, f"a quote has no end:\n{script}"
        elif letter == "#" and inside == "code" and word:
            at, letter = script.find("\n", at) if "\n" in script[at:] else len(script), "\n"
        elif letter == '"':
            stack.pop() if inside == "text" else stack.append("text")
        elif script.startswith("$(", at) or (letter == "(" and inside == "code"):
            at += letter == "$"
            stack.append("code")
        elif letter == ")" and inside == "code" and len(stack) > 1:
            stack.pop()
        word = letter in " \t\n;(|&"
        at += 1
    return found


def run(resources: Sequence[Resource], folder: Path) -> None:
    """All checks and all applies, on files below the folder, with programs that only say how they were called."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    note = f"#!/bin/bash\nprintf '%s\\0' \"$@\" >>{folder}/called\n[ -t 0 ] || /bin/cat >/dev/null\n"
    for name in STUBS:
        (programs / name).write_text(note)
    for name in REAL:
        path = next(path for path in (Path("/usr/bin", name), Path("/bin", name)) if path.exists())
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(path)
    (programs / TRAP).write_text(f"#!/bin/bash\n: >{folder}/sprung\n")
    for path in programs.iterdir():
        if not path.is_symlink():
            path.chmod(0o755)
    for name in ("etc/kubernetes/k8sops", "tmp", "proc/sys/net", "var/lib/kubelet"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("etc/kubernetes/admin.conf", "etc/kubernetes/manifests", "proc/sys/net/key"):
        (folder / name).touch()
    secrets: dict[str, Secret] = {secret.name: secret for one in resources for secret in one.secrets}
    pieces = [one.fragment for one in resources]
    calls = [f"run_check {at}; run_apply {at}" for at, one in enumerate(pieces) if one.apply is not None]
    calls += [f"run_check {at}" for at, one in enumerate(pieces) if one.apply is None]
    script = envelope(new_mark(), [*define(pieces), *calls], secrets.values())
    script = re.sub(r"(?<![\w./])/(etc|var|proc|sys|usr|opt|run|root|home|tmp|lib)\b", rf"{folder}/\1", script)
    script = re.sub(r"^export PATH=.*$", f"export PATH={programs} TMPDIR={folder}/tmp", script, flags=re.M)
    done = subprocess.run(
        ["/bin/bash", "-c", READER], input=framed(script), capture_output=True, check=False, cwd=folder, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]


def inert(texts: dict[Place, str], folder: Path) -> None:
    """An inventory with all of these texts at once does nothing but what its tasks say."""
    beneath = folder / "a" / "b"
    beneath.mkdir(parents=True)
    data = deepcopy(BASE)
    for place in texts:
        data = _merge(data, beside(place))
    for place, text in texts.items():
        data = place.put(data, text)
    # Some texts name a file of the operator's.
    for text in {*texts.values(), "ca.crt", "own.yaml"}:
        file = beneath / text
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(OBJECT)
    found = fragments(read(data, beneath))
    assert found
    for one in found:
        assert bare(f"{one.check}\n{one.apply}") == [], one.id
    run(found, folder)
    assert not (folder / "sprung").exists()
    words = (folder / "called").read_bytes().decode(errors="replace").split("\0")
    for before, word in zip(["", *words], words, strict=False):
        assert not word.startswith(("-Zz9", "--Zz9")) or before == "--", f"taken for an option: {word}"


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> dict[Place, list[str]]:
    """The places that take texts of any form, and which; the others take one of these by no means."""
    folder = tmp_path_factory.mktemp("free")
    (folder / "ca.crt").write_text("x")
    (folder / "own.yaml").write_text(OBJECT)
    few = [place for place in PLACES if any(takes(place, one, folder) for one in NASTY[::5])]
    return {place: [one for one in NASTY if takes(place, one, folder)] for place in few}


def are_few(free: dict[Place, list[str]]) -> None:
    """Most places take only texts of their own form, and none takes more than a line."""
    assert len(PLACES) > 90
    assert len(free) < 45
    for place, taken in free.items():
        assert not [one for one in taken if set(one) & set("\n\r\0")], place


SEEN = {
    "echo 'x;Zz9'": 0,
    'echo "$(Zz9)"': 1,
    "echo \"$(echo '(Zz9')\"": 0,
    "a # it's\necho ;Zz9": 1,
    "echo 'it'\"'\"'s;Zz9'": 0,
    "x=${y#Zz9}": 1,
    "x=key=Zz9": 0,
}


@pytest.mark.parametrize("script", SEEN)
def test_what_is_bare_is_seen(script: str) -> None:
    assert len(bare(script)) == SEEN[script]


def assigned(free: dict[Place, list[str]], texts: Sequence[str], lists: bool) -> dict[Place, str]:
    """A text for each place; of a flag's two forms, one value or a list, only one can stand there."""
    flags = {place.path[:-1] for place in free if place.path[-1] == 0}
    # Its own etcd has no flags where somebody else runs it.
    free = {place: one for place, one in free.items() if place.path[:2] != ("etcd", "extra_args") or lists}
    free = {place: one for place, one in free.items() if place.path[:2] != ("etcd", "external") or not lists}
    chosen = [place for place in free if place.path not in flags or not lists]
    chosen = [place for place in chosen if place.path[-1] != 0 or place.path[:-1] not in flags or lists]
    wanted = {place: texts[at % len(texts)] for at, place in enumerate(chosen)}
    return {place: text if text in free[place] else free[place][0] for place, text in wanted.items()}


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(st.permutations(NASTY), st.booleans())
def test_texts_are_refused_in_most_places_and_do_nothing_in_the_others(
    free: dict[Place, list[str]], texts: list[str], lists: bool
) -> None:
    """One test, because finding out where texts are free takes longer than all the rest."""
    are_few(free)
    with TemporaryDirectory() as name:
        inert(assigned(free, texts, lists), Path(name))
