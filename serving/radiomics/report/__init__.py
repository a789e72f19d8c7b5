"""The self-contained report of a trained model."""
