"""One file for each task, loaded by the name that playbooks use."""
