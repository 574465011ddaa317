"""Configuration files of runtimes: read from the facts, merged, written back; and where their images come from."""

from __future__ import annotations

from k8sops.engine.resource import Resource
from k8sops.inventory.spec import ClusterSpec
from k8sops.resources.configfile import ConfigError, Data, Form, difference, parse, rewrite
from k8sops.resources.merged import Present, merged_file


def mirrors_of(spec: ClusterSpec) -> dict[str, str]:
    return {registry: url.rstrip("/") for registry, url in sorted(spec.settings.mirrors.images.items())}


def merged_settings(has: Present, before: Data, after: Data, form: Form) -> Resource:
    text = rewrite((has.content or b"").decode(), before, after, form)
    return merged_file(has, text, difference(before, after, form))


def parsed(has: Present, form: Form) -> Data | None:
    """The settings in the file; None if it does not exist."""
    if has.content is None:
        return None
    try:
        return parse(has.content.decode(), form)
    except UnicodeDecodeError:
        raise ConfigError("is not text in UTF-8") from None
