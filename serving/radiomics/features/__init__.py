"""One file for each family of features of the IBSI reference manual (chapter 3)."""
