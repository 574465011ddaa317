"""systemd units."""

from __future__ import annotations

from collections.abc import Sequence

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote


def service(name: str, *, running: bool = True, reads: Sequence[str] = (), in_use: bool = False) -> Resource:
    """A unit that is enabled and, when `running`, active and started later than the files it `reads` were written.

    Times are compared in microseconds where systemd tells them (248 and later), else in seconds. A change of one of
    those files makes the restart part of the same plan.
    """
    unit = quote(f"{name}.service")
    check = [
        f'DRIFTED=; read -r loaded active enabled changed <<<"${{UNIT[{unit}]-}}"',
        "case $loaded in loaded|masked) ;; *) drift 'not installed' ;; esac",
        'case $enabled in enabled|static|alias|indirect) ;; *) echo "is $enabled, wanted enabled"; DRIFTED=1 ;; esac',
    ]
    if running:
        check += ['[ "$active" = active ] || drift "is $active, wanted active"']
        check += ["[ \"$changed\" = no ] || drift 'its unit file has changed'"]
        check += [
            f'[ "${{TIME[{quote(path)}]-0}}" -le "${{STARTED[{unit}]-0}}" ] ||'
            f" drift {quote(f'started before {path} was written')}"
            for path in reads
        ]
    check.append('[ -z "$DRIFTED" ] || drift')
    return Resource(
        id=f"service:{name}",
        check="\n".join(check),
        apply=f"systemctl daemon-reload\nsystemctl enable {unit}" + (f"\nsystemctl restart {unit}" if running else ""),
        settle=30 if running else 0,
        want="enabled and running" if running else "enabled",
        risk="restart" if running else "file",
        after=tuple(f"file:{path}" for path in (reads if running else ())),
        in_use=in_use,
        asks=(("unit", f"{name}.service"), *(("file", path) for path in (reads if running else ()))),
    )


def timer(name: str) -> Resource:
    """A timer enabled and active, as its present unit file says."""
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
    """A timer disabled and its unit files removed. A run that it has started is not interrupted."""
    unit, files = quote(f"{name}.timer"), f"/etc/systemd/system/{name}.timer /etc/systemd/system/{name}.service"
    return Resource(
        id=f"no-timer:{name}",
        check=f'has=$(ls -d {files} 2>/dev/null || true)\n[ -z "$has" ] || drift "$has"',
        apply=f"systemctl disable --now {unit} || true\nrm -f {files}\nsystemctl daemon-reload",
        want="no timer",
    )
