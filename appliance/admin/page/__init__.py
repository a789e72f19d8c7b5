"""The operator page at `/`: rendered here, kept fresh by a little script."""
