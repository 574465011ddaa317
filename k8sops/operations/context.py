"""The context of a cluster in the operator's kubeconfig, as plan and apply report and write it."""

from __future__ import annotations

from dataclasses import replace

from k8sops.engine.findings import Finding
from k8sops.engine.plan import Plan
from k8sops.engine.runner import Done
from k8sops.errors import InputError
from k8sops.operations import kubeconfig
from k8sops.operations.work import Work

FINDING, HERE = "OperatorKubeconfig", "this machine"


def with_findings(plan: Plan) -> Plan:
    """The plan, with a warning where the context could not be written after it."""
    waived = {name.lower() for name in (*plan.waived, *plan.spec.preflight_ignore)}
    if waived & {FINDING.lower(), "all"}:
        return plan
    try:
        kubeconfig.check(kubeconfig.read_files(), plan.spec)
    except InputError as error:
        what = " ".join(str(error).split())
        return replace(plan, findings=(*plan.findings, Finding(HERE, FINDING, what)))
    return plan


def write(work: Work, plan: Plan, done: Done) -> None:
    """The operator's kubectl has a context for the cluster; no host is queried when it has.

    Where it cannot be written the cluster is none the worse for it: that is printed, and the run is not a failure.
    """
    name = done.fleet.delegate([host.name for host in plan.spec.control_planes])
    digest, context = done.fleet[name].admin_conf, kubeconfig.context_name(plan.spec)
    if not done.fleet[name].initialised:
        return
    try:
        files = kubeconfig.read_files()
        if kubeconfig.holds(files, plan.spec, name, digest):
            return
        kubeconfig.check(files, plan.spec)
        path = kubeconfig.write(plan.spec, name, kubeconfig.fetch(work.session.connect(name)), digest)
    except InputError as error:
        work.view.warn(f"Context {context} was not written to your kubeconfig: {error}")
        return
    work.view.note(f"context {context} is in {path}")
    if path.stat().st_mode & 0o077:
        work.view.warn(f"{path} contains the administrator's key, and others can read it: chmod 600 {path}")
