"""Training, nested cross-validation and evaluation of models over feature tables."""
