"""Packages of Debian and Ubuntu, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sops.resource import Resource
from k8sops.shell import quote

KEYRINGS = "/etc/apt/keyrings"


def packages(name: str, wanted: Mapping[str, str | None], *, hold: Sequence[str] = ()) -> Resource:
    """These packages installed, at an exact version where one is given, and held where named in `hold`.

    One resource for many packages, so that a host runs apt once. dpkg is asked, not apt: a package that is removed
    but still has its configuration files counts as absent.
    """
    check = ["DRIFTED="]
    for package, version in wanted.items():
        expected = f'"$has" = {quote("installed " + version)}' if version else '"${has% *}" = installed'
        check.append(
            f'read -r kept _ has <<<"${{PACKAGE[{quote(package)}]-}}"\n'
            f'[ {expected} ] || {{ echo {quote(package)} "${{has:-absent}}, wanted" {quote(version or "installed")}'
            "; DRIFTED=1; }"
        )
        if package in hold:
            check.append(f"[ \"$kept\" = hold ] || {{ echo {quote(package)} 'is not held'; DRIFTED=1; }}")
    check.append('[ -z "$DRIFTED" ] || drift')
    exact = [f"{package}={version}" if version else package for package, version in wanted.items()]
    install = "install --allow-downgrades --allow-change-held-packages " + " ".join(map(quote, exact))
    held = " ".join(map(quote, hold))
    return Resource(
        id=f"packages:{name}",
        check="\n".join(check),
        apply=f"""apt_ready
apt_get --simulate {install} >/dev/null 2>&1 || apt_get update
apt_get {install}
{f"apt-mark hold {held}" if held else ""}""",
        want="\n".join(one.replace("=", " ") + (" held" if one.split("=")[0] in hold else "") for one in exact),
        deadline=1200,
        asks=(("package", *wanted),),
    )


def deb(package: str, url: str, sha256: str) -> Resource:
    """This package installed, from a .deb that is taken only if its SHA-256 is the wanted one."""
    return Resource(
        id=f"deb:{package}",
        check=f"""read -r _ _ has _ <<<"${{PACKAGE[{quote(package)}]-}}"
[ "$has" = installed ] || drift "${{has:-absent}}" """,
        apply=f"""dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file {quote(url)} "$dir/package.deb" SHA256:{sha256}
chmod 0755 "$dir"
apt_get install "$dir/package.deb" """,
        want=f"from {url}",
        deadline=600,
        asks=(("package", package),),
    )


def apt_repository(name: str, url: str, fingerprint: str) -> Resource:
    """The flat repository at `url` is known to apt, and only the key with this fingerprint can sign for it.

    The key is fetched from `url`Release.key, as the upstream repositories of Kubernetes publish it, and kept only
    if every key in it has the wanted fingerprint (40 hex digits; RFC 4880, 12.2). Which file that was found of is
    noted beside it by its SHA-256, so that a check need not take the key apart again.
    """
    keyring, source = f"{KEYRINGS}/{name}.asc", f"/etc/apt/sources.list.d/{name}.list"
    line = f"deb [signed-by={keyring}] {url} /"
    key, pin = quote(keyring), quote(fingerprint.upper())
    return Resource(
        id=f"apt-repository:{name}",
        check=f"""[ -e {key} ] || drift "no key"
has_line {quote(source)} "# {pin} ${{SUM[{key}]-}}" || drift "its key is not one that was found right"
has_line {quote(source)} {quote(line)} || drift "$(cat {quote(source)} 2>/dev/null)" """,
        apply=f"""new=$(mktemp)
trap 'rm -f "$new"' EXIT
/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file {quote(url + "Release.key")} "$new"
has=$(openpgp_fingerprints <"$new")
if [ "$has" != {pin} ]; then
  printf '%s holds the key %s, wanted %s: nothing was trusted\\n' {quote(url + "Release.key")} "$has" {pin}
  exit 1
fi
put_file {key} 0644 root:root <"$new"
read -r sum _ < <(sha256sum "$new")
printf '%s\\n' "# {pin} $sum" {quote(line)} | put_file {quote(source)} 0644 root:root
apt_get update -o Dir::Etc::SourceList={quote(source)} -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0""",
        want=line,
        asks=(("file", keyring),),
    )
