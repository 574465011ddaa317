"""Kernel modules, parameters and swap, now and after a reboot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote

SYSCTL_FILE = "/etc/sysctl.d/90-k8sops-{}.conf"
SWAP_UNITS = "systemctl list-unit-files --type=swap --no-legend"
SWAPPERS = """SWAPPERS=()
for unit in zramswap dphys-swapfile zram-config swapspace; do
  [ ! "/etc/systemd/system/$unit.service" -ef /dev/null ] || continue
  for link in {/etc,/usr/lib,/lib}/systemd/system/*.wants/"$unit.service" /etc/rc[2-5].d/S[0-9][0-9]"$unit"; do
    [ ! -e "$link" ] || { SWAPPERS+=("$unit.service"); break; }
  done
done
"""
"""Bash that finds services which turn swap on at boot: of zram-tools, dphys-swapfile, zram-config and swapspace."""
WAAGENT, AGENT_SWAP = "/etc/waagent.conf", "ResourceDisk.EnableSwap=y"
"""Azure's agent turns swap on at boot, on the temporary disk."""


def kernel_modules(name: str, modules: Mapping[str, str]) -> Resource:
    """The feature of each module available now, and the modules loaded at boot.

    `modules` maps a module to the path, or the file system, that shows its feature: a feature that is built into the
    kernel has no module to load, so `modprobe` fails where nothing is wrong.
    """
    content = "".join(f"{module}\n" for module in modules)
    file = f"/etc/modules-load.d/{name}.conf"
    path, digest = quote(file), hashlib.sha256(content.encode()).hexdigest()
    there = "\n".join(
        f"has_feature {quote(proof)} || drift {quote(module + ' is missing')}" for module, proof in modules.items()
    )
    load = "\n".join(f"has_feature {quote(proof)} || modprobe {quote(module)}" for module, proof in modules.items())
    return Resource(
        id=f"kernel-modules:{name}",
        check=f"""[ "${{SUM[{path}]-}}" = {digest} ] || drift "not loaded at boot"
{there}""",
        apply=f"printf %s {quote(content)} | put_file {path} 0644 root:root\n{load}",
        want=" ".join(modules),
        asks=(("file", file),),
    )


def sysctl(key: str, value: str | int) -> Resource:
    """Kernel parameter set now and after reboot; 0 is a value like any other.

    Fields of a value are compared with white space folded: the kernel prints tabs where people write blanks.
    """
    path, want = quote(SYSCTL_FILE.format(key)), f"{key} = {value}"
    said = f"""{quote(f"{key} = ")}"${{has[*]-}}"{quote(f", wanted {value}")}"""
    proc = quote("/proc/sys/" + key.replace(".", "/"))
    return Resource(
        id=f"sysctl:{key}",
        check=f"""[ -e {proc} ] || drift "no such parameter yet"
read -r -a has <{proc} || true
[ "${{has[*]-}}" = {quote(" ".join(str(value).split()))} ] || drift {said}
has_line {path} {quote(want)} || drift "not set at boot"
""",
        apply=f"printf '%s\\n' {quote(want)} | put_file {path} 0644 root:root\nprintf '%s\\n' {quote(value)} >{proc}",
        want=want,
    )


def swap_off() -> Resource:
    """No swap is in use, and none comes back at boot: from fstab, a systemd unit, a service or a cloud's agent."""
    fstab = r"^[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]"
    return Resource(
        id="swap:off",
        check=f"""DRIFTED= HAS=
mapfile -t -s 1 lines </proc/swaps
for line in "${{lines[@]}}"; do printf '%s\\n' "$line"; DRIFTED=1; done
if [ -f /etc/fstab ]; then
  while IFS= read -r line; do
    [[ ! $line =~ {fstab} ]] || {{ printf '%s\\n' "$line"; DRIFTED=1; }}
  done </etc/fstab
fi
{SWAPPERS}for unit in "${{SWAPPERS[@]}}"; do printf '%s enables swap at boot\\n' "$unit"; DRIFTED=1; done
! has_line {WAAGENT} {AGENT_SWAP} || {{ printf '%s in %s\\n' {AGENT_SWAP} {WAAGENT}; DRIFTED=1; }}
# Where units lie (systemd.unit(5)): only a host that has one of swap is asked about them.
for unit in /etc/systemd/system/*.swap /run/systemd/{{system,generator,generator.early,generator.late}}/*.swap \\
  {{/usr,}}/lib/systemd/system/*.swap; do
  [ ! -e "$unit" ] || HAS=1
done
[ -z "$HAS" ] || for unit in $({SWAP_UNITS} | awk '$2 ~ "enabled|generated|static" {{print $1}}'); do
  [ "$(systemctl is-enabled "$unit")" = masked ] || {{ printf '%s is not masked\\n' "$unit"; DRIFTED=1; }}
done
[ -z "$DRIFTED" ] || drift""",
        apply=f"""{SWAPPERS}for unit in "${{SWAPPERS[@]}}"; do
  systemctl disable --now "$unit"
  # A package that is upgraded would enable it again. A unit file in /etc cannot be masked.
  systemctl mask "$unit" || :
done
if has_line {WAAGENT} {AGENT_SWAP}; then sed -i 's/^{AGENT_SWAP}$/{AGENT_SWAP[:-1]}n/' {WAAGENT}; fi
swapoff -a
if grep -qE {quote(fstab)} /etc/fstab 2>/dev/null; then
  cp -p /etc/fstab /etc/fstab.k8sops-before
  sed -E 's@{fstab}@# k8sops: no swap under kubelet: &@' /etc/fstab.k8sops-before |
    put_file /etc/fstab "$(stat -c %a /etc/fstab)" "$(stat -c %U:%G /etc/fstab)"
  systemctl daemon-reload
fi
for unit in $({SWAP_UNITS} | awk '$2 != "masked" {{print $1}}'); do
  systemctl mask --now "$unit"
done""",
        want="no swap, now and after a reboot",
    )
