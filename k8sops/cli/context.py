"""The context of a cluster in the operator's kubeconfig, as plan and apply report and write it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from k8sops.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from k8sops.engine.plan import Plan
    from k8sops.engine.runner import Done
    from k8sops.engine.session import Session

FINDING, HERE = "OperatorKubeconfig", "this machine"


def with_findings(found: Plan) -> Plan:
    """The plan, with a warning where the context could not be written after it."""
    from k8sops.engine.findings import Finding
    from k8sops.operations import kubeconfig

    waived = {name.lower() for name in (*found.waived, *found.spec.preflight_ignore)}
    if waived & {FINDING.lower(), "all"}:
        return found
    try:
        kubeconfig.check(kubeconfig.read_files(), found.spec)
    except InputError as error:
        what = " ".join(str(error).split())
        return replace(found, findings=(*found.findings, Finding(HERE, FINDING, what)))
    return found


def write(screen: Console, session: Session, found: Plan, done: Done) -> None:
    """The operator's kubectl has a context for the cluster; no host is queried when it has.

    Where it cannot be written the cluster is none the worse for it: that is printed, and the run is not a failure.
    """
    from k8sops.operations import kubeconfig

    name = done.fleet.delegate([host.name for host in found.spec.control_planes])
    digest, context = done.fleet[name].admin_conf, kubeconfig.context_name(found.spec)
    if not done.fleet[name].initialised:
        return
    try:
        files = kubeconfig.read_files()
        if kubeconfig.holds(files, found.spec, name, digest):
            return
        kubeconfig.check(files, found.spec)
        path = kubeconfig.write(found.spec, name, kubeconfig.fetch(session.connect(name)), digest)
    except InputError as error:
        text = f"Context {context} was not written to your kubeconfig: {error}"
        screen.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)
        return
    screen.print(f"context {context} is in {path}", highlight=False, soft_wrap=True)
    if path.stat().st_mode & 0o077:
        text = f"{path} can be read by others, and has the administrator's key in it: chmod 600 {path}"
        screen.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)
