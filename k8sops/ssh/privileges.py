"""Why a login does not become root, told from what sudo and the shell print."""

from __future__ import annotations

from k8sops.engine.host import Result
from k8sops.errors import UnreachableError

NOT_ROOT = 77
NEEDS_ROOT = f"LC_ALL=C; [ $EUID = 0 ] || {{ IFS= read -r n; IFS= read -rN $n s; exit {NOT_ROOT}; }}"
"""Ahead of everything that runs without sudo: what k8sops does on hosts takes root. bash knows it without a process.

The script is read, and not run: it may be on its way while the exit code is."""
WRONG = ("incorrect password", "Sorry, try again", "no password was provided")


def refusal(name: str, user: str, result: Result, *, asked: bool) -> UnreachableError | None:
    """The error that this result stands for; None where the script ran. `asked`: a sudo password was given."""
    found = _reason(user, result.code, result.err, asked)
    return UnreachableError(name, found[0], remedy=found[1]) if found else None


def _reason(user: str, code: int, err: str, asked: bool) -> tuple[str, str] | None:
    if code == NOT_ROOT and not err.strip():
        return f"logged in as {user}, who is not root", "set `ssh.become: true`, or log in as root (`ssh.user: root`)"
    if code == 127 and ("sudo" in err or "bash" in err or "timeout" in err):
        return _missing(user, err)
    if code != 1:
        return None
    if "you must have a tty" in err:
        return (
            "sudo requires a terminal",
            f"add `Defaults:{user} !requiretty` on the host: visudo -f /etc/sudoers.d/{user}",
        )
    if "not in the sudoers file" in err or "is not allowed to execute" in err or "may not run sudo" in err:
        return f"{user} may not use sudo", f"allow it on the host: echo '{user} ALL=(ALL) ALL' >/etc/sudoers.d/{user}"
    if any(word in err for word in WRONG) and asked:
        return f"sudo refused the password of {user}", "run again with -K, and check the password"
    if "password is required" in err or any(word in err for word in WRONG):
        if asked:
            return f"sudo refused the password of {user}", "run again with -K, and check the password"
        remedy = "use -K to enter it, or allow sudo without a password (NOPASSWD)"
        return f"sudo needs the password of {user}", remedy
    if "account is currently not available" in err:
        return f"the login shell of {user} runs no commands", "give it a login shell: chsh -s /bin/bash"
    last = (err.strip().splitlines() or [""])[-1]
    if last.startswith("sudo: "):
        return f"sudo failed for {user}: {last.removeprefix('sudo: ')}", "`sudo -v` on the host shows it"
    return None


def _missing(user: str, err: str) -> tuple[str, str]:
    if "sudo" in err and "bash" not in err and "timeout" not in err:
        return "sudo is not installed", "install it (apt-get install sudo), or log in as root (`ssh.user: root`)"
    return f"cannot run scripts: {err.strip()}", "hosts need bash, coreutils and sudo"
