"""Tasks: what a host must hold, one file each; the file's name is the task's name, with underscores."""
