"""Throw-away hosts to try things on: bare Debian with systemd and sshd, and the mirror that they install from.

Nothing outside this package knows of the lab; its hosts are reached by an ordinary inventory.
"""
