"""Convolutional filters of IBSI-2, each one file, and how responses get their names."""
