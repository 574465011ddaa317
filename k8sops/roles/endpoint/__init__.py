"""The API server's endpoint."""
