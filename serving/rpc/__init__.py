"""The server side of gRPC: servicers, converters, the status table, interceptors, siblings."""
