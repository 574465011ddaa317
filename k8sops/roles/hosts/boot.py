"""What other programs would put back at the next boot."""

from __future__ import annotations

from dataclasses import replace

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.resources.files import block

HOSTS_TEMPLATE = "/etc/cloud/templates/hosts.debian.tmpl"
"""What cloud-init makes /etc/hosts of, at every boot (cc_update_etc_hosts); Ubuntu's is this one, too."""
CLOUD_CONFIG = (
    "/etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /run/cloud-init/cloud.cfg "
    "/var/lib/cloud/instance/{cloud-config,vendor-cloud-config,vendor2-cloud-config}.txt"
)
"""Where cloud-init is configured. User data wins over all that is in /etc, so a file there could not turn it off."""
ON = r"""^[^#]*manage_etc_hosts[\"\']?[[:space:]]*:[[:space:]]*[\"\']?(true|yes|on|template)"""


def hosts_template(name: str, lines: tuple[str, ...]) -> Resource:
    """Where cloud-init writes /etc/hosts at boot, its template has these lines, too."""
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
