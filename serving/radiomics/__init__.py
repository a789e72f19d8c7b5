"""Batch radiomics: images and regions in, features, selected features and validated models out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.radiomics.selection.lasso_cv import LassoCV

__all__ = ["LassoCV"]


def __getattr__(name: str) -> Any:
    """`LassoCV` when it is asked for: every process of the box reads the settings of radiomics,
    and few of them have a use for scikit-learn and numba."""
    if name == "LassoCV":
        return import_module("serving.radiomics.selection.lasso_cv").LassoCV
    raise AttributeError(name)
