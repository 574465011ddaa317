"""What was asked for: everything that travels together from the command line, or a script, to the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from k8sops.engine.plan import Filters
from k8sops.operations.connections import Password


@dataclass(frozen=True)
class Request:
    """An inventory, a playbook, and which part of it.

    `waived`: findings to ignore, by name. `forks`: how many hosts at once. `wait`: seconds to wait for another run
    that changes the cluster. `password`: called once, for sudo on the hosts; None: sudo needs none.
    """

    inventory: Path
    playbook: str = "site"
    filters: Filters = field(default_factory=Filters)
    waived: frozenset[str] = frozenset()
    forks: int = 20
    wait: float = 0
    password: Password | None = field(default=None, repr=False)

    def with_parameters(self, **parameters: str) -> Request:
        """The same request, with these parameters of tasks added."""
        return replace(self, filters=replace(self.filters, parameters={**self.filters.parameters, **parameters}))

    def playing(self, playbook: str, limit: str = "all", **parameters: str) -> Request:
        """The same inventory and connections, with another playbook and other parameters."""
        return replace(self, playbook=playbook, filters=Filters(limit, parameters=parameters))
