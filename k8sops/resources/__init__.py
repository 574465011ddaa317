"""Desired states, as pure functions that return a `Resource`; nothing here runs anything."""
