"""Batch radiomics: images and regions in, features, selected features and validated models out."""
