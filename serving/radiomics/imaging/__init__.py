"""From an image and a region of interest to what features are computed of (IBSI chapter 2)."""
