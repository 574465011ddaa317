"""Packages of Debian and Ubuntu, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sops.engine.resource import Resource, Risk
from k8sops.engine.shell import quote

KEYRINGS = "/etc/apt/keyrings"


def packages(
    name: str, wanted: Mapping[str, str | None], *, hold: Sequence[str] = (), effects: Sequence[str] = ()
) -> Resource:
    """These packages installed, at an exact version where one is given, and held where named in `hold`.

    One resource for many packages, so that a host runs apt once. dpkg is asked, not apt: a package that is removed
    but still has its configuration files counts as absent. `effects`: what apt said that it would do to other packages
    (apt.sh: apt_simulate); the plan shows them, and apply removes, downgrades or restarts nothing else.
    """
    check = ["DRIFTED= CHANGES="]
    for package, version in wanted.items():
        expected = f'"$has" = {quote("installed " + version)}' if version else '"${has% *}" = installed'
        check.append(
            f'read -r kept _ has <<<"${{PACKAGE[{quote(package)}]-}}"\n'
            f'[ {expected} ] || {{ echo {quote(package)} "${{has:-absent}}, wanted" {quote(version or "installed")}'
            "; DRIFTED=1 CHANGES=1; }"
        )
        if package in hold:
            check.append(f"[ \"$kept\" = hold ] || {{ echo {quote(package)} 'is not held'; DRIFTED=1; }}")
    if effects:
        check.append(f"[ -z \"$CHANGES\" ] || printf '%s\\n' {' '.join(map(quote, effects))}")
    check.append('[ -z "$DRIFTED" ] || drift')
    exact = [f"{package}={version}" if version else package for package, version in wanted.items()]
    approved = [":".join(effect.split()[:2]) for effect in effects if not effect.startswith("upgrades ")]
    held = " ".join(map(quote, hold))
    words = " ".join(map(quote, (" ".join(approved), " ".join(hold), *exact)))
    return Resource(
        id=f"packages:{name}",
        check="\n".join(check),
        apply="\n".join([f"apt_install {words}", *([f"apt-mark hold {held}"] if held else [])]),
        want="\n".join(one.replace("=", " ") + (" held" if one.split("=")[0] in hold else "") for one in exact),
        deadline=1200,
        asks=(("package", *wanted),),
        risk=_risk(approved),
        # Containers that run on a host before it joins count as well.
        in_use=bool(approved),
    )


def _risk(approved: Sequence[str]) -> Risk:
    if any(effect.startswith(("removes:", "downgrades:")) for effect in approved):
        return "delete"
    return "restart" if approved else "file"


def deb(package: str, url: str, sha256: str) -> Resource:
    """This package installed, from a .deb that is taken only if its SHA-256 is the wanted one; which, is noted."""
    note = f"/etc/k8sops/{package}.sha256"
    return Resource(
        id=f"deb:{package}",
        check=f"""read -r _ _ has _ <<<"${{PACKAGE[{quote(package)}]-}}"
[ "$has" = installed ] || drift "${{has:-absent}}"
has_line {quote(note)} {sha256} || drift "installed from another file" """,
        apply=f"""dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file {quote(url)} "$dir/package.deb" SHA256:{sha256}
chmod 0755 "$dir"
apt_install downgrades:{quote(package)} '' "$dir/package.deb"
echo {sha256} | put_file {quote(note)} 0644 root:root""",
        want=f"from {url}",
        deadline=600,
        asks=(("package", package),),
        risk="restart",
    )


def apt_repository(name: str, url: str, fingerprint: str) -> Resource:
    """The flat repository at `url` is known to apt, and only the key with this fingerprint can sign for it.

    The key is fetched from `url`Release.key, as the upstream repositories of Kubernetes publish it, and kept only
    if every key in it has the wanted fingerprint (40 hex digits; RFC 4880, 12.2). Once apt has read the repository
    with it, that is noted beside the source, with the key's SHA-256, so that a check starts no program of apt.
    """
    keyring, source = f"{KEYRINGS}/{name}.asc", source_list(name)
    line = f"deb [signed-by={keyring}] {url} /"
    key, pin = quote(keyring), quote(fingerprint.upper())
    return Resource(
        id=f"apt-repository:{name}",
        check=f"""[ ! -e {quote(source)} ] || source_is_ours {quote(source)} || {{ was_file {quote(source)}; drift; }}
[ -e {key} ] || drift "signing key missing"
case "${{MODE[{KEYRINGS}]-}}" in ???[57]*) ;; *) drift "the user _apt cannot read {KEYRINGS}" ;; esac
case "${{MODE[{key}]-}}" in ???[4567]*) ;; *) drift "the user _apt cannot read the key" ;; esac
has_line {quote(source)} "# {pin} ${{SUM[{key}]-}}" || drift "apt-get update has not run with this key yet"
has_line {quote(source)} {quote(line)} || drift "$(cat {quote(source)} 2>/dev/null)" """,
        apply=f"""new=$(mktemp)
trap 'rm -f "$new"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file {quote(url + "Release.key")} "$new"
has=$(openpgp_fingerprints <"$new")
[ "$has" = {pin} ] || fail {quote(url + "Release.key")} "has the key $has, expected "{pin}": not trusted"
apt_source {key} {quote(source)} {quote(url)} {quote(line)} {pin} "$new" """,
        want=line,
        asks=(("file", keyring, KEYRINGS),),
    )


def source_list(name: str) -> str:
    """Where apt finds the repository of this name."""
    return f"/etc/apt/sources.list.d/{name}.list"
