"""DICOM files to domain objects: inspection on arrival, choice of a series, volumes in HU."""
