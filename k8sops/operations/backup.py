"""Backups of etcd: taken and copied, and proven by a drill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from k8sops.engine.plan import Plan
from k8sops.operations.inputs import load_spec
from k8sops.operations.operation import Operation
from k8sops.operations.request import Request
from k8sops.operations.work import Work
from k8sops.roles.etcd.copies import pull
from k8sops.roles.etcd.members import refuse_external
from k8sops.roles.etcd.tasks.etcd_backup import NewBackup


def backing_up(request: Request, to: Sequence[str] | None = None, encrypt_to: str = "") -> Operation:
    """A backup, taken on a control plane and copied to these places; None: to those that the inventory names.

    A place is s3://BUCKET/PREFIX, ssh://USER@HOST/FOLDER, or a folder of this machine. `encrypt_to`: the recipient of
    age that copies are encrypted to, if not the inventory's.
    """
    spec = load_spec(request.inventory)
    refuse_external(spec)
    folders = [Path(place) for place in to or () if "://" not in place]
    remote = {} if to is None else {"to": " ".join(place for place in to if "://" in place)}
    encryption = {"encrypt_to": encrypt_to} if encrypt_to else {}

    def keep(work: Work, plan: Plan) -> None:
        name, node = backup_of(plan), next(step.host for step in plan.steps)
        recipient = encrypt_to or spec.settings.backup.encrypt_to
        for folder in folders:
            with work.view.showing(f"copying to {folder}"):
                pull(work.session.connect(node), spec.settings.backup.folder, name, folder, recipient)
            work.view.note(f"copied to {folder}")

    return Operation(request.playing("etcd-backup", **remote, **encryption), then=keep)


def backup_of(plan: Plan) -> str:
    """The name of the backup that the plan of `backing_up` takes."""
    new = plan.fleet.decided(NewBackup)
    assert new, "the playbook takes a backup"
    return new.name


def proving(request: Request, name: str) -> Operation:
    """A backup restored into a scratch etcd on the control plane that has it; `latest`: the newest."""
    refuse_external(load_spec(request.inventory))
    return Operation(request.playing("etcd-verify", backup=name))
