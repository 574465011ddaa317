"""OnCalendar expressions of systemd that cron supports too."""

from __future__ import annotations

import re

DAYS = "Mon Tue Wed Thu Fri Sat Sun"
_DAY = "(?:" + DAYS.replace(" ", "|") + ")"
_WHEN = re.compile(
    rf"(?:(?P<days>{_DAY}(?:(?:,|\.\.){_DAY})*) +)?(?:\*-\*-(?P<date>\*|\d\d?) +)?"
    r"(?P<hour>\*|\d\d?):(?P<minute>\d\d?)(?::00)?"
)
_EVERY = re.compile(r"\*:0?0/(?P<minutes>\d\d?)(?::00)?")
WORDS = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * Mon", "monthly": "0 0 1 * *"}


def cron_of(calendar: str) -> str:
    """The five fields of crontab(5) for an OnCalendar expression; ValueError if cron cannot express it."""
    text = calendar.strip()
    if text in WORDS:
        return WORDS[text]
    if every := _EVERY.fullmatch(text):
        return f"*/{int(every['minutes'])} * * * *"
    found = _WHEN.fullmatch(text)
    if not found:
        raise ValueError(f"cron cannot express `{calendar}`; it supports `02:15`, `Sun 04:00` and `*-*-01 03:00:00`")
    hour = found["hour"] if found["hour"] == "*" else str(int(found["hour"]))
    date = "*" if found["date"] in (None, "*") else str(int(found["date"]))
    return f"{int(found['minute'])} {hour} {date} * {(found['days'] or '*').replace('..', '-')}"
