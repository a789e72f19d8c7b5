"""Choosing among features: LassoCV, filters by variance and correlation, mRMR, ComBat, ICC."""
