"""What prepares a box and its models: phantoms, reference networks, checks of a machine."""
