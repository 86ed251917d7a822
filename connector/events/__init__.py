"""What happens to people's files, for whoever wants to know of it."""
