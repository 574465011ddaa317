# swap: swap:off
# case bare, host cp1
# risk file; settle 0; deadline 300
check() {
DRIFTED= HAS=
mapfile -t -s 1 lines </proc/swaps
for line in "${lines[@]}"; do printf '%s\n' "$line"; DRIFTED=1; done
if [ -f /etc/fstab ]; then
  while IFS= read -r line; do
    [[ ! $line =~ ^[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]] ]] || { printf '%s\n' "$line"; DRIFTED=1; }
  done </etc/fstab
fi
SWAPPERS=()
for unit in zramswap dphys-swapfile zram-config swapspace; do
  [ ! "/etc/systemd/system/$unit.service" -ef /dev/null ] || continue
  for link in {/etc,/usr/lib,/lib}/systemd/system/*.wants/"$unit.service" /etc/rc[2-5].d/S[0-9][0-9]"$unit"; do
    [ ! -e "$link" ] || { SWAPPERS+=("$unit.service"); break; }
  done
done
for unit in "${SWAPPERS[@]}"; do printf '%s enables swap at boot\n' "$unit"; DRIFTED=1; done
! has_line /etc/waagent.conf ResourceDisk.EnableSwap=y || { printf '%s in %s\n' ResourceDisk.EnableSwap=y /etc/waagent.conf; DRIFTED=1; }
# Where units lie (systemd.unit(5)): only a host that has one of swap is asked about them.
for unit in /etc/systemd/system/*.swap /run/systemd/{system,generator,generator.early,generator.late}/*.swap \
  {/usr,}/lib/systemd/system/*.swap; do
  [ ! -e "$unit" ] || HAS=1
done
[ -z "$HAS" ] || for unit in $(systemctl list-unit-files --type=swap --no-legend | awk '$2 ~ "enabled|generated|static" {print $1}'); do
  [ "$(systemctl is-enabled "$unit")" = masked ] || { printf '%s is not masked\n' "$unit"; DRIFTED=1; }
done
[ -z "$DRIFTED" ] || drift
}

apply() {
SWAPPERS=()
for unit in zramswap dphys-swapfile zram-config swapspace; do
  [ ! "/etc/systemd/system/$unit.service" -ef /dev/null ] || continue
  for link in {/etc,/usr/lib,/lib}/systemd/system/*.wants/"$unit.service" /etc/rc[2-5].d/S[0-9][0-9]"$unit"; do
    [ ! -e "$link" ] || { SWAPPERS+=("$unit.service"); break; }
  done
done
for unit in "${SWAPPERS[@]}"; do
  systemctl disable --now "$unit"
  # A package that is upgraded would enable it again. A unit file in /etc cannot be masked.
  systemctl mask "$unit" || :
done
if has_line /etc/waagent.conf ResourceDisk.EnableSwap=y; then sed -i 's/^ResourceDisk.EnableSwap=y$/ResourceDisk.EnableSwap=n/' /etc/waagent.conf; fi
swapoff -a
if grep -qE '^[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab 2>/dev/null; then
  cp -p /etc/fstab /etc/fstab.k8sops-before
  sed -E 's@^[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]@# k8sops: no swap under kubelet: &@' /etc/fstab.k8sops-before |
    put_file /etc/fstab "$(stat -c %a /etc/fstab)" "$(stat -c %U:%G /etc/fstab)"
  systemctl daemon-reload
fi
for unit in $(systemctl list-unit-files --type=swap --no-legend | awk '$2 != "masked" {print $1}'); do
  systemctl mask --now "$unit"
done
}
