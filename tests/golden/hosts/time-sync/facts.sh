# time-sync: facts
# case bare, host cp1
keepers() {
  local name status rest unit
  for name in chrony ntpsec ntp openntpd; do [ -z "${HAS[$name]-}" ] || return 0; done
  while read -r name status rest; do
    case "$status $rest" in 'installed '*time-daemon*) [ "$name" = systemd-timesyncd ] || fact more.time_keeper "$name" ;; esac
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Provides}\n' 2>/dev/null)
  for unit in $(systemctl show -P After time-sync.target 2>/dev/null) chrony.service chronyd.service ntp.service ntpd.service ntpsec.service openntpd.service ntpd-rs.service timemaster.service ptp4l.service ptp4l@*.service phc2sys.service phc2sys@*.service vboxadd-service.service virtualbox-guest-utils.service; do
    case $unit in systemd-timesyncd.service|systemd-time-wait-sync.service|*.target|*.mount|*.slice) continue ;; esac
    # systemd keeps such a link of what it has started.
    for name in /run/systemd/units/invocation:$unit; do [ ! -L "$name" ] || fact more.time_keeper "${name##*:}"; done
  done
}
# Where its own service is at work, nobody else is looked for.
if [ -z "${HAS[systemd-timesyncd]-}" ] ||
  { [ ! -e /run/systemd/container ] && [ ! -L /run/systemd/units/invocation:systemd-timesyncd.service ]; }; then keepers; fi
# A container has the clock of its machine, and no word in it.
if [ ! -e /run/systemd/container ] && [ ! -e /run/systemd/timesync/synchronized ]; then
  fact more.time_synchronised "$(timedatectl show -P NTPSynchronized 2>/dev/null)"
fi
apt_plan time-sync '' systemd-timesyncd
