"""What the commands on backups do beside running a playbook: several clusters, drills on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from k8sops.cli import options as o
from k8sops.cli.common import connections, console, load_spec
from k8sops.errors import InputError, K8sopsError, UsageError

if TYPE_CHECKING:
    from k8sops.inventory.spec import ClusterSpec
    from k8sops.roles.etcd.backup import Manifest
    from k8sops.roles.etcd.copies import Place


def every_cluster(inventories: list[Path] | None, work: Callable[[Path], int]) -> int:
    """The work on each cluster, one after the other, whatever becomes of the others; the worst exit code.

    Made for cron: nothing is printed of those that went well.
    """
    paths = inventories or sorted(Path().glob("*/inventory.yaml"))
    if not paths:
        raise UsageError(
            "no inventories given", remedy="for example: k8sops etcd backup --all-clusters clusters/*/inventory.yaml"
        )
    worst = 0
    for path in paths:
        said = StringIO()
        try:
            with redirect_stdout(said):
                code = work(path)
        except K8sopsError as error:
            code = error.exit_code
            said.write(f"k8sops: {error}\n")
        if code:
            print(f"{path}: exit code {code}\n{said.getvalue()}", file=sys.stderr)
        worst = max(worst, code)
    return worst


def refuse_bad_places(to: list[str] | None, encrypt_to: str) -> None:
    """InputError where a copy could not go to, or not be encrypted to; before any host is asked."""
    from pydantic import TypeAdapter, ValidationError

    from k8sops.inventory.forms import AgeRecipient, Place

    try:
        for one in to or ():
            if "://" in one:
                TypeAdapter(Place).validate_python(one)
            elif Path(one).exists() and not Path(one).is_dir():
                raise InputError(f"--to {one}: not a directory")
    except ValidationError:
        remedy = "expected s3://BUCKET/PREFIX, ssh://USER@HOST/FOLDER, or a folder on this machine"
        raise InputError(f"invalid backup target {one!r}", remedy=remedy) from None
    try:
        if encrypt_to:
            TypeAdapter(AgeRecipient).validate_python(encrypt_to)
    except ValidationError:
        raise InputError(f"--encrypt-to {encrypt_to}: not an age recipient", remedy="age-keygen -y KEYFILE") from None


def drill_here(options: o.HostOptions, name: str, source: str, identity: Path | None, tools: Path | None) -> int:
    """The drill of a copy on this machine; its result is noted in the manifest there."""
    from k8sops.engine.shell import quote
    from k8sops.roles.etcd.copies import place

    spec, screen = load_spec(options.inventory), console(options.color)
    with place(spec, source) as one:
        manifest = one.find(name)
        _refuse_other_cluster(spec, manifest)
        _need_tools(one, manifest.etcd, tools, options.ask_become_pass)
        _need_pki(one.scratch / "pki")
        with screen.status(f"restoring {manifest.name} on this machine"):
            one.take(manifest, identity)
            said = one.bash(
                f"drill {quote(manifest.name)} || code=1",
                # Whoever may not write there has proven the copy all the same.
                f'[ -n "${{CANNOT_TELL-}}" ] || note {quote(manifest.name)} {quote(source)} || '
                'echo "the result could not be noted there: $FAILURE_OF_NOTE"',
                "[ -z ${code-} ] || fail",
            )
    screen.print(said.strip(), highlight=False)
    return 0


def _refuse_other_cluster(spec: ClusterSpec, manifest: Manifest) -> None:
    if manifest.cluster != spec.cluster:
        what = (
            f"OtherCluster: {manifest.name} belongs to cluster {manifest.cluster}, the inventory is of {spec.cluster}"
        )
        raise InputError(what, remedy="use -i with the inventory of that cluster")


def _need_tools(one: Place, version: str, tools: Path | None, ask_password: bool) -> None:
    """scratch/bin leads to the etcd tools of this version: those given, those kept, or a control plane's."""
    from k8sops.roles.etcd.backups import tools_of

    kept = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "k8sops" / "etcd" / version
    found = tools or kept
    if not (found / "etcd").is_file():
        if tools:
            raise InputError(f"no etcd in {tools}", remedy="expected a folder with etcd, etcdctl and etcdutl")
        with connections(one.spec, ask_password=ask_password) as connect:
            tools_of(connect, one.spec, version, kept)
    (one.scratch / "bin").symlink_to(found.resolve())


def _need_pki(folder: Path) -> None:
    """A certificate for the scratch etcd that only this drill has: other users of this machine cannot read it."""
    from k8sops.roles.etcd.throwaway import write_certificates

    write_certificates(folder)
