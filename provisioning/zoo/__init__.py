"""Training, exporting and scoring the reference networks: the only importer of torch."""
