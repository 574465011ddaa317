"""Secrets of one run, which several hosts must know: made once with its session, gone with its end."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from k8sops.engine.shell import Secret

LETTERS = string.ascii_lowercase + string.digits


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


@dataclass(frozen=True)
class RunSecrets:
    """The bootstrap token, as a public id and a secret half (form: KEP-130), and the key that the cluster's
    certificates are encrypted with while control planes join (KEP-2505)."""

    token_id: str = field(default_factory=lambda: _letters(6))
    token: Secret = field(default_factory=lambda: Secret("join_token", _letters(16)))
    certificate_key: Secret = field(default_factory=lambda: Secret("certificate_key", secrets.token_hex(32)))

    @property
    def all(self) -> tuple[Secret, ...]:
        """What no journal may hold."""
        return self.token, self.certificate_key
