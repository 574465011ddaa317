"""The command line: one small file a command group; each loads, plans, runs and reports."""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from itertools import pairwise
from typing import Annotated

import typer

from k8sops.cli import apply, backup, etcd, hosts, inventory, lab, options, reset, runs, schedule, verify, version
from k8sops.cli.examples import epilog
from k8sops.cli.group import Group
from k8sops.engine.documents import error_document
from k8sops.errors import Cancelled, K8sopsError, UsageError

app = typer.Typer(
    name="k8sops",
    cls=Group,
    epilog=epilog(""),
    help="Provision and operate kubeadm clusters over SSH: what is shown is what runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


@app.callback()
def main_options(
    version_: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=version.print_version, help="Show the version and exit."),
    ] = False,
) -> None:
    """Options of k8sops itself."""


app.command()(inventory.init)
options.command(app)(apply.plan)
options.command(app)(apply.apply)
app.command()(apply.show)
options.command(app)(apply.check)
options.command(app)(reset.reset)
options.command(app)(hosts.status)
options.command(app)(verify.verify)
options.command(app)(version.version)
options.command(etcd.app)(backup.backup)
options.command(etcd.app, "list")(backup.list_)
options.command(etcd.app)(backup.verify)
etcd.app.add_typer(schedule.app, name="schedule")
app.add_typer(etcd.app, name="etcd")
app.add_typer(inventory.app, name="inventory")
app.add_typer(runs.app, name="runs")
app.add_typer(lab.app, name="lab")


def main(argv: list[str] | None = None) -> None:
    """Runs a command; ends the process with the exit code of the error, as errors.py lists them."""
    # Imported modules are not garbage; scanning them again and again takes a sixth of the start-up time.
    gc.set_threshold(50_000)
    # pydantic scans all installed packages for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = run(argv)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    # Everything is closed and flushed; tearing down the interpreter would take another fifth of a second.
    os._exit(code)


def run(argv: list[str] | None = None) -> int:
    as_json = wants_json(sys.argv[1:] if argv is None else argv)

    def report(error: K8sopsError) -> int:
        return _say(error, as_json=as_json)

    try:
        code = int(app(argv, standalone_mode=False, prog_name="k8sops") or 0)
        # Typer makes Ctrl-C this exit code and says nothing.
        return report(_stopped()) if code == Cancelled.exit_code else code
    except (KeyboardInterrupt, typer.Abort):
        return report(_stopped())
    except K8sopsError as error:
        return report(error)
    except typer.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return report(UsageError(message, remedy="k8sops --help"))
    except BrokenPipeError:
        return 0
    except Exception as error:
        if os.environ.get("K8SOPS_TRACEBACK"):
            raise
        what = f"a bug in k8sops: {type(error).__name__}: {error}"
        return report(K8sopsError(what, remedy="K8SOPS_TRACEBACK=1 shows where; please report it"))


def _stopped() -> Cancelled:
    return Cancelled("stopped by Ctrl-C", remedy="it is safe to run the same command again")


def wants_json(argv: list[str]) -> bool:
    """Whether the command line asks for JSON. Read from the raw arguments: an invalid command line is not parsed."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    if words[:2] == ["lab", "ssh"]:
        return False
    joined = {"-ojson", "--output=json"} & {*words}
    return bool(joined) or any(pair in (("-o", "json"), ("--output", "json")) for pair in pairwise(words))


def _say(error: K8sopsError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(error_document(error), indent=2, ensure_ascii=False))
    print(f"k8sops: {error}", file=sys.stderr)
    return error.exit_code
