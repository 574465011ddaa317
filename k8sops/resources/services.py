"""systemd units."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.resource import Resource
from k8sops.shell import quote


def service(name: str, *, running: bool = True, reads: Sequence[str] = ()) -> Resource:
    """A unit that is enabled and, when `running`, active and started later than the files it `reads` were written.

    Times are compared in microseconds where systemd tells them (248 and later), else in seconds.
    """
    unit = quote(f"{name}.service")
    check = [
        f"systemctl cat {unit} >/dev/null 2>&1 || drift 'not installed'",
        "DRIFTED=",
        f"has=$(systemctl is-enabled {unit} 2>/dev/null || true)",
        'case $has in enabled|static|alias|indirect) ;; *) echo "is $has, wanted enabled"; DRIFTED=1 ;; esac',
    ]
    if running:
        check += [
            f"has=$(systemctl is-active {unit} || true)",
            '[ "$has" = active ] || drift "is $has, wanted active"',
            f"[ \"$(systemctl show -P NeedDaemonReload {unit})\" = no ] || drift 'its unit file has changed'",
            f"since=$(systemctl show -P ExecMainStartTimestamp --timestamp=us+utc {unit} 2>/dev/null ||"
            f" systemctl show -P ExecMainStartTimestamp {unit})",
            'since=$(date -d "$since" +%s%6N)' if reads else "",
        ]
        check += [
            f'[ ! -e {quote(path)} ] || [ "$(stat -c %.6Y {quote(path)} | tr -d .)" -le "$since" ] ||'
            f" drift {quote(f'started before {path} was written')}"
            for path in reads
        ]
    check.append('[ -z "$DRIFTED" ] || drift')
    return Resource(
        id=f"service:{name}",
        check="\n".join(line for line in check if line),
        apply=f"systemctl daemon-reload\nsystemctl enable {unit}" + (f"\nsystemctl restart {unit}" if running else ""),
        settle=30 if running else 0,
        want="enabled and running" if running else "enabled",
        risk="restart" if running else "file",
    )


def timer(name: str) -> Resource:
    """A timer that is enabled and waits, as its unit file says now."""
    unit = quote(f"{name}.timer")
    return Resource(
        id=f"timer:{name}",
        check=f"""systemctl cat {unit} >/dev/null 2>&1 || drift 'not installed'
[ "$(systemctl is-enabled {unit} 2>/dev/null)" = enabled ] || drift 'not enabled'
[ "$(systemctl is-active {unit})" = active ] || drift 'not active'
[ "$(systemctl show -P NeedDaemonReload {unit})" = no ] || drift 'its unit file has changed'""",
        apply=f"systemctl daemon-reload\nsystemctl enable {unit}\nsystemctl restart {unit}",
        want="enabled and waiting",
    )


def no_timer(name: str) -> Resource:
    """No timer of this name waits, and its unit files are gone. What it has started runs on to its end."""
    unit, files = quote(f"{name}.timer"), f"/etc/systemd/system/{name}.timer /etc/systemd/system/{name}.service"
    return Resource(
        id=f"no-timer:{name}",
        check=f'has=$(ls -d {files} 2>/dev/null || true)\n[ -z "$has" ] || drift "$has"',
        apply=f"systemctl disable --now {unit} || true\nrm -f {files}\nsystemctl daemon-reload",
        want="no timer",
    )
