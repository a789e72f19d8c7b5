"""What may be asked of the box, whichever protocol asks: no HTTP in here."""
