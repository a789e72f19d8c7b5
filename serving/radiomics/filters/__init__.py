"""Convolutional filters of IBSI-2, each one file, and how responses get their names.

Source: IBSI, Standardised convolutional filtering for radiomics, arXiv 2006.05470.
"""

from serving.radiomics.filters.name import FORMS, parse
from serving.radiomics.filters.response import responses, support_voxels

__all__ = ["FORMS", "parse", "responses", "support_voxels"]
