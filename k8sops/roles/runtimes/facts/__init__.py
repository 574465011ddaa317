"""What hosts say of their image registries; other roles may import it."""
