"""The sentences with which images are refused; none of them quotes a tag, a name or a path."""

from __future__ import annotations

from serving.domain.errors import UnsupportedImage


def not_dicom() -> UnsupportedImage:
    return UnsupportedImage(
        "expected a DICOM file, and one came that is not; send only DICOM instances"
    )


def truncated() -> UnsupportedImage:
    return UnsupportedImage(
        "a DICOM file ends before its data does; it was cut short, export and send it again"
    )


def too_complex() -> UnsupportedImage:
    return UnsupportedImage(
        "the header of a DICOM file is nested too deeply or has too many elements to be read safely"
    )


def too_large(what: str, limit: int, found: int) -> UnsupportedImage:
    """`what` names the quantity with its unit."""
    return UnsupportedImage(
        f"{what}: at most {limit} is accepted and {found} came; send less or raise the limit",
        limit=limit,
        found=found,
    )


def inflates_too_far() -> UnsupportedImage:
    return UnsupportedImage(
        "a deflated DICOM file grows far more than images do when inflated; it was not read"
    )


def bad_pixels(why: str) -> UnsupportedImage:
    """`why` completes the sentence and holds no tag value."""
    return UnsupportedImage(f"the pixel data of a DICOM file cannot be read: {why}")


def no_usable_series(why: str) -> UnsupportedImage:
    return UnsupportedImage(f"the study has no CT series that can be analysed: {why}")
