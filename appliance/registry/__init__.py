"""Model versions from the folder to live traffic, and the sets that serve: the truth is a file."""
