# etcd-schedule: facts
# case schedule, host cp1
apt_plan backup '' curl age
! type -P systemd-analyze >/dev/null || systemd-analyze calendar -- '*-*-* 02:15:00' >/dev/null 2>&1 || fact more.bad_calendar backup
! type -P systemd-analyze >/dev/null || systemd-analyze calendar -- 'Sun *-*-* 04:00:00' >/dev/null 2>&1 || fact more.bad_calendar drill
