"""A lab: some containers that are hosts, on a network of their own, and the inventory that reaches them."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from k8sops.errors import InputError
from k8sops.lab.engine import docker, privileged_works
from k8sops.lab.image import debian_sources
from k8sops.lab.machine import LabError, Say, command, labs_dir, nameservers

LABEL = "k8sops.lab"
VOLUMES = ("containerd", "kubelet", "etcd", "docker")
POOL = ipaddress.ip_network("10.77.0.0/16")
CAPABILITIES = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
]
WATCHES = {"max_user_instances": 1024, "max_user_watches": 524288}


@dataclass(frozen=True)
class LabHost:
    """A host of a lab: its name in the inventory, its address on the lab's network, its public host key."""

    name: str
    address: str
    host_key: str = ""
    running: bool = True


@dataclass(frozen=True)
class Lab:
    """A lab that is up; `folder` holds the key and the inventory."""

    name: str
    folder: Path
    hosts: tuple[LabHost, ...]

    @property
    def key(self) -> Path:
        return self.folder / "id_ed25519"


def container(lab: str, host: str) -> str:
    return f"k8sops-{lab}-{host}"


def power(*, privileged: bool) -> list[str]:
    """What a container may that is a host: all, where the engine can give that."""
    if privileged:
        return ["--privileged"]
    options = ("seccomp=unconfined", "systempaths=unconfined", "apparmor=unconfined")
    allowed = [f"--cap-add={one}" for one in CAPABILITIES] + [f"--security-opt={one}" for one in options]
    return [*allowed, "--device-cgroup-rule=a *:* rwm"]


def run_argv(lab: str, host: str, address: str, image: str, *, privileged: bool) -> list[str]:
    """`docker run` for one host: as kind makes them where the engine can, else with the capabilities there are."""
    name = container(lab, host)
    volumes = [f"--volume={name}-{volume}:/var/lib/{volume}" for volume in VOLUMES]
    return [
        "run",
        "--detach",
        f"--name={name}",
        f"--hostname={host}",
        f"--network=k8sops-{lab}",
        f"--ip={address}",
        f"--label={LABEL}={lab}",
        f"--label={LABEL}.host={host}",
        *power(privileged=privileged),
        "--cgroupns=private",
        "--tmpfs=/run:exec",
        "--tmpfs=/tmp:exec",
        "--volume=/dev/kmsg:/dev/kmsg",
        *volumes,
        "--env=container=docker",
        "--stop-signal=SIGRTMIN+3",
        "--restart=no",
        image,
    ]


def free_subnet(taken: Iterable[str]) -> str:
    """The first /24 of the lab's pool that overlaps none of those taken."""
    used = [ipaddress.ip_network(one, strict=False) for one in taken]
    for subnet in POOL.subnets(new_prefix=24):
        if not any(subnet.overlaps(one) for one in used if one.version == 4):
            return str(subnet)
    raise LabError(f"no free /24 is left in {POOL}", remedy="k8sops lab down --all")


def addresses(subnet: str, names: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """A pinned address for each name: .11 and up for the first, those taken left out."""
    free = (str(one) for one in list(ipaddress.ip_network(subnet).hosts())[10:] if str(one) not in taken)
    return dict(zip(names, free, strict=False))


def names_of(control_planes: int, workers: int) -> list[str]:
    return [f"cp{n}" for n in range(1, control_planes + 1)] + [f"w{n}" for n in range(1, workers + 1)]


def up(lab: str, names: Sequence[str], image: str, mirror: str | None, say: Say) -> Lab:
    """The lab runs these hosts, and sshd answers on each; hosts that run already are left as they are."""
    _raise_watches(say)
    folder = labs_dir() / lab
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = folder / "id_ed25519"
    if not key.exists():
        command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"k8sops lab {lab}", "-f", str(key))
    subnet = _network(lab)
    if mirror and mirror not in docker("network", "inspect", f"k8sops-{lab}", "--format", "{{json .Containers}}"):
        docker("network", "connect", "--alias=mirror", f"k8sops-{lab}", mirror)
    there = {host.name: host for host in hosts_of(lab)}
    # One label tells the address: the network shows it only while the container runs.
    where = addresses(subnet, [name for name in names if name not in there], {h.address for h in there.values()})
    where |= {name: there[name].address for name in names if name in there}
    privileged = privileged_works()

    def start(name: str) -> LabHost:
        if name not in there:
            argv = run_argv(lab, name, where[name], image, privileged=privileged)
            kept = [f"--volume={path}:/etc/{path.name}" for path in _kept(folder / name, name, where[name])]
            docker(*argv[:-1], f"--label={LABEL}.address={where[name]}", *kept, argv[-1])
        elif not there[name].running:
            docker("start", container(lab, name))
        return _prepare(lab, name, where[name], key, mirror)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return Lab(lab, folder, tuple(pool.map(start, names)))


def _kept(folder: Path, name: str, address: str) -> Iterator[Path]:
    """Files that Docker would write anew at each start; a real host keeps them through a reboot."""
    folder.mkdir(exist_ok=True)
    for file, text in (("resolv.conf", ""), ("hosts", f"127.0.0.1 localhost\n::1 localhost\n{address} {name}\n")):
        (folder / file).write_text(text, encoding="ascii")
        yield folder / file


def _prepare(lab: str, name: str, address: str, key: Path, mirror: str | None) -> LabHost:
    """Sources of packages, names, the key of the lab; then the host's own public key, once sshd answers."""
    servers = " ".join(f"'nameserver {server}'" for server in nameservers())
    text = f"""set -e
cat >/etc/apt/sources.list.d/{debian_sources().name} <<'EOF'
{debian_sources().read_text()}
EOF
printf '%s\\n' {servers} >/etc/resolv.conf
for home in /root /home/ops; do
  mkdir -p $home/.ssh; chmod 700 $home/.ssh
  echo '{key.with_suffix(".pub").read_text().strip()}' >$home/.ssh/authorized_keys
done
chown -R ops:ops /home/ops/.ssh
{_name_mirror(_mirror_address(lab, mirror)) if mirror else ""}
for _ in $(seq 600); do
  if (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null; then cat /etc/ssh/ssh_host_ed25519_key.pub; exit 0; fi
  sleep 0.1
done
systemctl status ssh >&2; exit 1
"""
    printed = docker("exec", "-i", container(lab, name), "bash", "-s", stdin=f"{{ {text}\n}} </dev/null".encode())
    return LabHost(name, address, " ".join(printed.split()[:2]))


def _name_mirror(address: str) -> str:
    """Shell lines: `mirror` is this address and no other; /etc/hosts is a mount, so it is written in place."""
    return f"""others=$(grep -v ' mirror$' /etc/hosts)
printf '%s\\n' "$others" '{address} mirror' >/etc/hosts"""


def _mirror_address(lab: str, mirror: str) -> str:
    networks = json.loads(docker("inspect", mirror, "--format", "{{json .NetworkSettings.Networks}}"))
    return str(networks[f"k8sops-{lab}"]["IPAddress"])


def _network(lab: str) -> str:
    """The lab's network, made when it is not there; its subnet."""
    known = docker("network", "ls", "--quiet").split()
    networks = json.loads(docker("network", "inspect", *known)) if known else []
    subnets = {one["Name"]: [c["Subnet"] for c in one["IPAM"]["Config"] or []] for one in networks}
    if f"k8sops-{lab}" in subnets:
        return str(subnets[f"k8sops-{lab}"][0])
    subnet = free_subnet([one for many in subnets.values() for one in many])
    docker("network", "create", f"--subnet={subnet}", f"--label={LABEL}={lab}", f"k8sops-{lab}")
    return subnet


def _raise_watches(say: Say) -> None:
    """Enough inotify instances for many kubelets on one kernel; said, where it has to be raised."""
    for name, least in WATCHES.items():
        path = Path("/proc/sys/fs/inotify") / name
        if path.exists() and int(path.read_text()) < least:
            if not os.access(path, os.W_OK):
                say(f"fs.inotify.{name} is {path.read_text().strip()}; eight hosts need {least} (sysctl -w, as root)")
                continue
            say(f"raising fs.inotify.{name} to {least}")
            path.write_text(str(least))


def hosts_of(lab: str) -> list[LabHost]:
    """The hosts of a lab, by name, running or not."""
    return [host for name, host in all_hosts() if name == lab]


def all_hosts() -> list[tuple[str, LabHost]]:
    """(lab, host) of every lab on this engine."""
    known = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}.host").split()
    found = []
    for one in json.loads(docker("inspect", *known)) if known else []:
        labels = one["Config"]["Labels"]
        host = LabHost(labels[f"{LABEL}.host"], labels[f"{LABEL}.address"], running=one["State"]["Running"])
        found.append((labels[LABEL], host))
    return sorted(found, key=lambda pair: (pair[0], pair[1].name))


def down(lab: str, say: Say) -> None:
    """Nothing of the lab is left: no container, volume, network or file."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={lab}").split()
    if containers:
        say(f"removing {len(containers)} hosts of lab {lab}")
        docker("rm", "--force", "--volumes", *containers)
    elif not (labs_dir() / lab).exists():
        say(f"no such lab: {lab}")
    volumes = [v for v in docker("volume", "ls", "--quiet").split() if v.startswith(f"k8sops-{lab}-")]
    if volumes:
        docker("volume", "rm", "--force", *volumes)
    if docker("network", "ls", "--quiet", "--filter", f"label={LABEL}={lab}").split():
        for one in json.loads(docker("network", "inspect", f"k8sops-{lab}"))[0]["Containers"]:
            docker("network", "disconnect", "--force", f"k8sops-{lab}", one)
        docker("network", "rm", f"k8sops-{lab}")
    shutil.rmtree(labs_dir() / lab, ignore_errors=True)


def ssh_argv(lab: str, host: str, *words: str) -> list[str]:
    """`ssh` to a lab host as its user `ops`, with the lab's key and the host key that is pinned."""
    found = {one.name: one for one in hosts_of(lab)}
    if host not in found:
        there = ", ".join(found) or "none: k8sops lab up"
        raise InputError(f"lab {lab} has no host `{host}`", remedy=f"hosts: {there}")
    folder = labs_dir() / lab
    key = docker("exec", container(lab, host), "cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
    known = folder / "known_hosts"
    lines = known.read_text().splitlines() if known.exists() else []
    line = f"{found[host].address} {key[0]} {key[1]}"
    known.write_text("\n".join([*(one for one in lines if one.split()[0] != found[host].address), line]) + "\n")
    options = [f"-oUserKnownHostsFile={known}", "-oStrictHostKeyChecking=yes", "-oIdentitiesOnly=yes"]
    return ["ssh", *options, "-i", str(folder / "id_ed25519"), f"ops@{found[host].address}", *words]


def wait_for_ssh(lab: Lab, seconds: float = 20) -> None:
    """Every host lets us in by SSH, not only its sshd listens."""
    for host in lab.hosts:
        until = time.monotonic() + seconds
        while subprocess.run([*ssh_argv(lab.name, host.name), "true"], capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise LabError(f"cannot log in to {host.name}", remedy=f"k8sops lab ssh {host.name}")
            time.sleep(0.3)
