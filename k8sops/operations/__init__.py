"""What an operator asks for, from the request to the report."""
