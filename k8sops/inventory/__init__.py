"""The inventory: its settings, and the cluster that it describes."""
