"""Load tests and benchmarks; they talk to the box over its protocols only."""
