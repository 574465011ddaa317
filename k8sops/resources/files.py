"""Files on a host."""

from __future__ import annotations

import hashlib

from k8sops.engine.resource import Resource
from k8sops.engine.shell import Secret, quote


def _put(path: str, content: str, mode: int, owner: str) -> str:
    return f"printf %s {quote(content)} | put_file {quote(path)} {mode:04o} {quote(owner)}"


def file(path: str, content: str, *, mode: int = 0o644, owner: str = "root:root", secret: bool = False) -> Resource:
    """A regular file with exactly this content, mode and owner; replaced whole or not at all.

    A `secret` file's present content stays on the host: the plan says that it differs, without a diff.
    """
    user, group = owner.split(":")
    digest = hashlib.sha256(content.encode()).hexdigest()
    hidden = " secret" if secret else ""
    return Resource(
        id=f"file:{path}",
        check=f"file_holds {quote(path)} {digest} {mode:04o} {quote(user)} {quote(group)}{hidden}",
        apply=_put(path, content, mode, owner),
        want=None if secret else content,
        asks=(("file", path),),
    )


def private_file(path: str, content: Secret) -> Resource:
    """A file with this secret, accessible to root only."""
    digest = hashlib.sha256(content.reveal().encode()).hexdigest()
    return Resource(
        id=f"file:{path}",
        check=f"file_holds {quote(path)} {digest} 0600 root root secret",
        apply=f'printf %s "${content.variable}" | put_file {quote(path)} 0600 root:root',
        secrets=(content,),
        asks=(("file", path),),
    )


def absent(path: str) -> Resource:
    """No file at this path; a directory there is an error, never removed."""
    name = quote(path)
    return Resource(
        id=f"absent:{path}",
        check=f"[ ! -e {name} ] && [ ! -L {name} ] || drift 'exists'",
        apply=f"rm -f {name}",
        risk="delete",
    )


def directory(path: str, *, mode: int = 0o755, owner: str = "root:root") -> Resource:
    """A directory with this mode and owner."""
    name, has = quote(path), quote(f"{mode:04o} {owner}")
    return Resource(
        id=f"directory:{path}",
        check=f"[ -d {name} ] || drift\n[ \"$(stat -c '%04a %U:%G' {name})\" = {has} ] || drift 'wrong mode or owner'",
        apply=f"mkdir -p {name} && chmod {mode:04o} {name} && chown {quote(owner)} {name}",
    )


def block(path: str, name: str, lines: tuple[str, ...]) -> Resource:
    """These lines, between two comment lines with `name`, in a file that others own.

    The rest of the file, its mode and its owner are kept; the block is put at the end.
    """
    begin, end = f"# k8sops {name} begin", f"# k8sops {name} end"
    want = "\n".join([begin, *lines, end]) + "\n"
    where = quote(path)
    without = f"sed -e {quote(f'/^{begin}$/,/^{end}$/d')} {where}"
    return Resource(
        id=f"block:{path}:{name}",
        check=f"block_holds {where} {quote(name)} {quote(want)}",
        # /etc/hosts may be a mount point, which cannot be replaced by a rename: it is written in place.
        apply=f"""touch {where}
new=$({without}; printf '%s.' {quote(want)})
printf %s "${{new%.}}" >{where}""",
        want=want,
    )
