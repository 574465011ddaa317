"""The administrator's kubeconfig in the home directories of a control plane."""

from __future__ import annotations

from pathlib import Path

from k8sops.engine.resource import Resource
from k8sops.engine.shell import bare, quote

ADMIN_CONF = "/etc/kubernetes/admin.conf"
LIBRARY = bare(Path(__file__).with_suffix(".sh").read_text(encoding="utf-8"))


def kubeconfig_for(user: str, home: str) -> Resource:
    """~/.kube/config of this user is a copy of admin.conf, if the file is absent or an earlier copy.

    Any other file is the user's own and is left alone.
    """
    own = f"{home}/.kube/config"
    folder, path, owner = quote(f"{home}/.kube"), quote(own), quote(user)
    return Resource(
        id=f"kubeconfig:{user}",
        check=f"""own={path}
[ "${{SUM[$KUBECONFIG]-}}" != "${{SUM[$own]-}}" ] || [ -z "${{SUM[$own]-}}" ] || [ -L "$own" ] || {{
  case ${{MODE[$own]-}} in {quote(f"0600 {user}")}:*) exit 0 ;; *) drift "wrong mode or owner" ;; esac
}}
{LIBRARY}
foreign_kubeconfig "$own" && exit 0
[ -f "$KUBECONFIG" ] || drift
[ "$own" -ef "$KUBECONFIG" ] || drift "differs from admin.conf" """,
        apply=f"""{LIBRARY}
! foreign_kubeconfig {path} || exit 1
owner={owner}
group=$(id -gn -- "$owner")
[ -d {folder} ] || install -d -m 0700 -o "$owner" -g "$group" {folder}
put_file {path} 0600 "$owner:$group" <"$KUBECONFIG" """,
        want=f"copy of {ADMIN_CONF}, mode 0600, owner {user}",
        asks=(("file", ADMIN_CONF, own),),
    )


def foreign_kubeconfigs() -> str:
    """Shell lines that print each foreign kubeconfig of root and of the SSH user as a fact `more.kubeconfig PATH`.

    They come behind facts.sh, which sets `$home`.
    """
    return f"""(
{LIBRARY}
for own in /root/.kube/config "$home/.kube/config"; do
  ! foreign_kubeconfig "$own" || fact more.kubeconfig "$own"
  [ "$home" != /root ] || break
done
)"""
