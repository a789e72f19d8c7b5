"""Files into images with regions of interest: DICOM with RTSTRUCT or SEG, NIfTI, NRRD."""
