"""Settings that other programs would overwrite at the next boot."""

from __future__ import annotations

from dataclasses import replace

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.resources.files import block

HOSTS_TEMPLATE = "/etc/cloud/templates/hosts.debian.tmpl"
"""The template from which cloud-init writes /etc/hosts at every boot (cc_update_etc_hosts), on Ubuntu too."""
CLOUD_CONFIG = (
    "/etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /run/cloud-init/cloud.cfg "
    "/var/lib/cloud/instance/{cloud-config,vendor-cloud-config,vendor2-cloud-config}.txt"
)
"""Where cloud-init is configured. User data takes precedence over files in /etc, so those cannot turn it off."""
ON = r"""^[^#]*manage_etc_hosts[\"\']?[[:space:]]*:[[:space:]]*[\"\']?(true|yes|on|template)"""


def hosts_template(name: str, lines: tuple[str, ...]) -> Resource:
    """These lines also in the template of cloud-init, where it writes /etc/hosts at boot."""
    template = block(HOSTS_TEMPLATE, name, lines)
    return replace(
        template,
        check=f"""[ -f {quote(HOSTS_TEMPLATE)} ] || return 0
[ ! -e /etc/cloud/cloud-init.disabled ] || return 0
MANAGED=
for path in {CLOUD_CONFIG}; do
  [ -f "$path" ] || continue
  mapfile -t lines <"$path"
  for line in "${{lines[@]}}"; do [[ ! ${{line,,}} =~ {ON} ]] || MANAGED=1; done
done
[ -n "$MANAGED" ] || return 0
{template.check}""",
    )
