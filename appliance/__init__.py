"""The box around the engine: settings, command line, supervision, local admin API."""
