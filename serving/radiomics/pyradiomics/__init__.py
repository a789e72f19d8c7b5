"""Features by pyradiomics' own names and definitions, for models that were trained on them."""
