"""Generated stubs; see the .proto files."""
