"""Radiomics jobs, without Ray: a cohort case by case, training and prediction in a child."""
