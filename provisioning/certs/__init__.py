"""A private certificate authority for one box: its server certificate, and those of its clients."""
