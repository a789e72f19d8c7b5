"""The runtimes that `make bench-models` sets against each other, a child process each."""
