"""Hosts over SSH: who they are (`hostkeys`), how they are logged in to (`login`), what runs there (`connection`)."""
