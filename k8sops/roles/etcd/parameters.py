"""Types of the parameters that tasks of etcd have in common."""

from __future__ import annotations

from typing import Annotated

from k8sops.engine.parameters import pattern
from k8sops.roles.etcd.backup import STEM

BackupName = Annotated[str, pattern(STEM.pattern)]
RestoreId = Annotated[str, pattern("[0-9]{8}T[0-9]{6}Z")]
MemberId = Annotated[str, pattern("[0-9a-f]{1,16}")]
BACKUP = ("the name of a backup, as `k8sops etcd list` shows it", "demo-20260102T030405Z-cp1")
