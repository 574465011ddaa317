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
        f"DRIFTED=; read -r loaded active enabled changed <<<\"${{UNIT[{unit}]-}}\"",
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
        asks=(("unit", f"{name}.service"), *(("file", path) for path in (reads if running else ()))),
    )
