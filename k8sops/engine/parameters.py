"""Parameters of tasks (`-e NAME=VALUE`): typed models, parsed as strictly as the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from k8sops.errors import InputError
from k8sops.inventory.forms import DnsName

LONGEST = 80
"""Characters of a refused value that a message shows."""


def parameter(expected: str, example: str, default: Any = None) -> Any:
    """A field of a task's parameters: what is expected, an example, and the value where none is given."""
    return Field(default, description=expected, examples=[example])


REQUIRED: Any = ...
"""The default of a parameter without which its task means nothing."""


class TaskParameters(BaseModel):
    """The parameters of one task. Every value that was given passes through its model before anything is sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, given: Mapping[str, str], hosts: frozenset[str] | None = None) -> Self:
        """The parameters in `given` that this task knows; InputError for an invalid or a missing one.

        `hosts`: the names that lists of hosts may contain; None: any.
        """
        values = {name: value for name, value in given.items() if name in cls.model_fields}
        try:
            return cls.model_validate(values, context={"hosts": hosts})
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            raise _refused(name, values.get(name), cls.model_fields[name], error) from None


def _refused(name: str, value: str | None, field: Any, error: ValidationError) -> InputError:
    expected, example = field.description, f"for example: -e {name}={field.examples[0]}"
    if value is None:
        return InputError(f"missing parameter `{name}`: expected {expected}", remedy=example)
    shown = repr(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    found = error.errors()[0]
    why = f"{found['ctx']['error']}; " if found["type"] == "value_error" else ""
    return InputError(f"invalid parameter {name}={shown}: {why}expected {expected}", remedy=example)


def _listed(separator: str | None) -> BeforeValidator:
    def split(value: Any) -> Any:
        return tuple(word.strip() for word in value.split(separator) if word.strip())

    return BeforeValidator(split)


def _known(name: str, info: ValidationInfo) -> str:
    hosts = (info.context or {}).get("hosts")
    if hosts is not None and name not in hosts:
        raise ValueError(f"the inventory has no host `{name}`")
    return name


def _none(value: Any) -> Any:
    return None if value == "" else value


def pattern(text: str, longest: int = 512) -> Any:
    return Field(pattern=f"^(?:{text})$", max_length=longest)


HostNames = Annotated[tuple[Annotated[DnsName, AfterValidator(_known)], ...], _listed(",")]
"""Names of hosts of the inventory, comma-separated."""
OrNone = BeforeValidator(_none)
"""An empty text counts as no value."""
SpaceSeparated = _listed(None)

HOSTS = ("comma-separated names of hosts of the inventory", "cp1,cp2")
