"""The commands of `aibox`, one noun a file."""
