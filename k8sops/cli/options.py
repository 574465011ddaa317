"""Options that several commands share: Ansible's letters with Ansible's meaning."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from k8sops.cli import complete

DEFAULT_INVENTORY = Path("inventory.yaml")
Function = TypeVar("Function", bound=Callable[..., Any])


class Output(StrEnum):
    """How a report is printed."""

    table = "table"
    json = "json"


class Color(StrEnum):
    auto = "auto"
    always = "always"
    never = "never"


InventoryOption = Annotated[
    Path, typer.Option("--inventory", "-i", envvar="K8SOPS_INVENTORY", metavar="FILE", help="The inventory.")
]
LimitOption = Annotated[
    str,
    typer.Option(
        "--limit",
        "-l",
        metavar="PATTERN",
        help="Only these hosts: a pattern, as in Ansible.",
        autocompletion=complete.hosts,
    ),
]
TagsOption = Annotated[
    str,
    typer.Option(
        "--tags", "-t", metavar="TAGS", help="Only these tasks or tags, comma-separated.", autocompletion=complete.tasks
    ),
]
SkipTagsOption = Annotated[
    str, typer.Option(metavar="TAGS", help="Not these tasks or tags, comma-separated.", autocompletion=complete.tasks)
]
ForksOption = Annotated[int, typer.Option("--forks", "-f", min=1, max=500, metavar="N", help="How many hosts at once.")]
VerboseOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, show_default=False, help="Show more: -v all steps, -vv their output."),
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", metavar="table|json", help="How to print the report.")]
DiffOption = Annotated[bool, typer.Option("--diff/--no-diff", "-D", help="Show every line of every difference.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
PlaybookOption = Annotated[
    str,
    typer.Option("--playbook", "-p", metavar="NAME|FILE", help="The playbook.", autocompletion=complete.playbooks),
]
IgnoreOption = Annotated[
    str, typer.Option("--ignore-preflight-errors", metavar="NAMES", help="Findings to ignore, comma-separated.")
]
AskPassOption = Annotated[bool, typer.Option("--ask-become-pass", "-K", help="Ask for the sudo password.")]
ColorOption = Annotated[Color, typer.Option("--color", metavar="auto|always|never", help="When to use colours.")]
ExtraOption = Annotated[
    list[str] | None,
    typer.Option("--extra-vars", "-e", metavar="NAME=VALUE", help="Set a playbook variable (repeatable)."),
]
PickOption = Annotated[
    str, typer.Option("--pick", help="Only these resources, by id; * and ? match; comma-separated.", metavar="IDS")
]
AllowOption = Annotated[
    str,
    typer.Option("--allow", metavar="RISKS", help="What --yes may also do: restart, drain, delete (comma-separated)."),
]
CheckOption = Annotated[bool, typer.Option("--check", "-C", help="Only show what would change.")]
ConfirmOption = Annotated[
    str, typer.Option(metavar="CLUSTER", help="Confirm with the cluster's name instead of a prompt.")
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="DIR|s3://…|ssh://…", help="Where the backups are, if not on control planes.")
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait for another run to finish.")
]


@dataclass(frozen=True)
class HostOptions:
    """Of all commands that ask hosts."""

    inventory: InventoryOption = DEFAULT_INVENTORY
    output: OutputOption = Output.table
    ask_become_pass: AskPassOption = False
    color: ColorOption = Color.auto


@dataclass(frozen=True)
class PlayOptions(HostOptions):
    """Of commands that carry out a playbook of their own."""

    verbose: VerboseOption = 0
    wait: WaitOption = 0
    check: CheckOption = False


@dataclass(frozen=True)
class PlanOptions(HostOptions):
    """Of plan, check and apply: which playbook, and which part of it."""

    playbook: PlaybookOption = "site"
    limit: LimitOption = "all"
    tags: TagsOption = ""
    skip_tags: SkipTagsOption = ""
    pick: PickOption = ""
    forks: ForksOption = 20
    verbose: VerboseOption = 0
    extra_vars: ExtraOption = None
    ignore_preflight_errors: IgnoreOption = ""


def command(app: typer.Typer, name: str | None = None, *, hidden: bool = False) -> Callable[[Function], Function]:
    """The function becomes a command of this app; it stays what it is for those who call it."""

    def register(function: Function) -> Function:
        app.command(name, hidden=hidden)(spread(function))
        return function

    return register


def spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as Typer reads it: the fields of its parameter `options`, one of the classes above, are options of
    the command, behind those that are the function's own."""
    own = inspect.signature(function, eval_str=True)
    kind = own.parameters["options"].annotation
    shared = inspect.signature(kind, eval_str=True).parameters

    @wraps(function)
    def wrapper(**named: Any) -> Any:
        return function(options=kind(**{name: named.pop(name) for name in shared}), **named)

    kept = [one for name, one in own.parameters.items() if name != "options"]
    wrapper.__signature__ = own.replace(parameters=[*kept, *shared.values()])  # type: ignore[attr-defined]
    return wrapper
