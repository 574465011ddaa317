"""Groups of commands: examples at the end of each help, and the nearest command for one that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup

from k8sops.cli.examples import epilog
from k8sops.errors import UsageError

KUBEADM_UPGRADE = "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/"
NOT_YET = {
    "upgrade": f"Until then: upgrade with kubeadm, node by node ({KUBEADM_UPGRADE}), then set `kubernetes`",
    "certs": "Until then: `kubeadm certs renew all` on each control plane; `k8sops status` shows when they expire",
    "drain": "Until then: `kubectl drain NODE`; `k8sops reset NODE` also removes the node",
    "cordon": "Until then: `kubectl cordon NODE`",
    "adopt": "Only clusters that k8sops created can be managed",
}
"""Commands that people look for and that do not exist yet, and what to do instead."""
OTHER_WORDS = {
    "create": "apply",
    "up": "apply",
    "deploy": "apply",
    "install": "apply",
    "provision": "apply",
    "run": "apply",
    "join": "apply",
    "diff": "plan",
    "validate": "plan",
    "drift": "check",
    "destroy": "reset",
    "delete": "reset",
    "remove": "reset",
    "down": "reset",
    "test": "verify",
    "doctor": "verify",
    "get": "status",
    "info": "status",
    "nodes": "status",
    "logs": "runs show",
    "history": "runs list",
    "backup": "etcd backup",
    "restore": "etcd restore",
    "ssh": "lab ssh",
}
"""What other tools call a command."""


class Group(TyperGroup):
    """Commands whose help ends in examples."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None and not command.epilog:
            command.epilog = epilog(" ".join([*ctx.command_path.split()[1:], cmd_name]))
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if not name.startswith("-") and name not in self.commands and not ctx.resilient_parsing:
            raise self._no_such_command(ctx.command_path, name)
        return super().resolve_command(ctx, args)

    def _no_such_command(self, path: str, name: str) -> UsageError:
        top = " " not in path
        if top and (near := get_close_matches(name, NOT_YET, 1, cutoff=0.85)):
            return UsageError(f"`{path} {near[0]}` is not available yet", remedy=NOT_YET[near[0]])
        guesses = get_close_matches(name, self.commands, 1) or (
            [OTHER_WORDS[name]] if top and name in OTHER_WORDS else []
        )
        hint = f"; did you mean `{path} {guesses[0]}`?" if guesses else ""
        return UsageError(f"no such command: `{path} {name}`{hint}", remedy=f"{path} --help")
