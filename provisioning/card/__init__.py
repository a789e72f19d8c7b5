"""The page that a model version shows of itself."""
