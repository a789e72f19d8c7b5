"""Clinical pipelines: a study in, findings and result files out; one file per task."""
