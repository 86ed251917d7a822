"""What a user's browser sees of the connector."""
