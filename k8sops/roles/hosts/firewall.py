"""Firewalls: rules in ufw or nftables if the host has one, otherwise a table of k8sops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from k8sops.engine.resource import Resource
from k8sops.engine.shell import quote
from k8sops.resources.files import block, file

NFT_FILE = "/etc/k8sops/nftables.nft"
OWN_FILE = "/etc/k8sops/firewall.nft"


def _sources(rule: str) -> list[str]:
    return rule.split(" -s ")[1].split(" ")[0].split(",") if " -s " in rule else ["anywhere"]


def ufw(lines: Sequence[str], lines6: Sequence[str]) -> list[Resource]:
    """These rules in ufw, now and after a reboot."""
    files = {"/etc/ufw/before.rules": (lines, "iptables"), "/etc/ufw/before6.rules": (lines6, "ip6tables")}
    blocks = [block(path, "ports", tuple(text)) for path, (text, _) in files.items()]
    live = []
    for text, tool in files.values():
        marks = [line.split("--comment ")[1].split(" ")[0] for line in text if "--comment " in line]
        if marks:
            # One line with several sources is one rule for each of them.
            count = sum(len(_sources(line)) for line in text[1:-1])
            live.append(
                f'[ "$({tool} -S | grep -c -- "--comment {marks[0]} ")" = {count} ] || drift "rules not loaded"'
            )
    loaded = Resource(id="firewall:ufw", check="\n".join(live) or "true", apply="ufw reload", want="ports open")
    return [*blocks, loaded]


def nftables(text: str, chains: Sequence[tuple[str, str, str, str]]) -> list[Resource]:
    """Chains of k8sops with the rules in `text`, to which the host's own chains jump, now and after a reboot."""
    checks, deletes = [], []
    for family, table, chain, hook in chains:
        mine, jump = f"{family} {table} k8sops_{hook}", f"jump k8sops_{hook}"
        wanted = sum(line.startswith(f"add rule {mine} ") for line in text.splitlines())
        where = " ".join(map(quote, (family, table, chain)))
        ours = " ".join(map(quote, (family, table, f"k8sops_{hook}")))
        checks += [
            f"chain=({where} )",
            f'[ "$(nft list chain "${{chain[@]}}" | grep -c "{jump}$")" = 1 ] || drift "no jump from ${{chain[*]}}"',
            f'[ "$(nft list chain {ours} | grep -c " accept$")" = {wanted} ] || drift "rules not loaded"',
        ]
        deletes.append(f"""chain=({where} )
nft -a list chain "${{chain[@]}}" | while read -r line; do
  case $line in *"{jump} # handle "*) echo "delete rule ${{chain[*]}} handle ${{line##* }}" ;; esac
done""")
    lines = "\n".join(deletes)
    rules = file(NFT_FILE, text)
    loaded = Resource(
        id="firewall:nftables",
        check="\n".join(checks),
        apply=f"{{ {lines}\ncat {NFT_FILE}; }} | nft -f -",
        want="ports open",
        after=(rules.id,),
    )
    # The whole file is applied when its content changes, too: the count of rules would not tell.
    changed = replace(rules, apply=f"{rules.apply}\n{loaded.apply}")
    return [changed, block("/etc/nftables.conf", "ports", (f'include "{NFT_FILE}"',)), loaded]


def own_loaded() -> Resource:
    """The table of k8sops loaded into the kernel."""
    return Resource(
        id="firewall:table",
        check="type -P nft >/dev/null && nft list table inet k8sops >/dev/null 2>&1 || drift",
        apply="systemctl restart k8sops-firewall.service",
        want="table inet k8sops",
    )


def own_gone() -> Resource:
    """The firewall that k8sops turned on earlier, turned off."""
    unit = "/etc/systemd/system/k8sops-firewall.service"
    return Resource(
        id="firewall:none-of-k8sops",
        check=f"[ ! -e {unit} ] || drift 'k8sops-firewall.service is installed'",
        apply=f"""systemctl disable --now k8sops-firewall.service
rm -f {unit} {quote(OWN_FILE)}
systemctl daemon-reload""",
        want="no k8sops firewall",
    )


def off() -> Resource:
    """ufw and nftables.service off, now and after a reboot."""
    return Resource(
        id="firewall:off",
        check="""DRIFTED=
if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then echo 'ufw is enabled'; DRIFTED=1; fi
for word in is-active is-enabled; do
  has=$(systemctl $word nftables.service 2>/dev/null || true)
  case $has in active|enabled) echo "nftables is $has"; DRIFTED=1 ;; esac
done
[ -z "$DRIFTED" ] || drift""",
        apply="""if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then ufw disable; fi
if systemctl cat nftables.service >/dev/null 2>&1; then
  systemctl disable nftables.service
  # Stopping it flushes every rule in the kernel, those of kube-proxy too, which puts its own back within a minute.
  systemctl stop nftables.service
fi""",
        want="no firewall",
        risk="restart",
    )
