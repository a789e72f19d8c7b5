"""What is wrong with settings, in one sentence that does not quote them."""

from __future__ import annotations

from pydantic import ValidationError


def first_error(what: str, error: ValidationError) -> str:
    """The first of the errors: which setting of `what`, and what was expected."""
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    if not where:
        return f"the settings of {what} cannot be used: {detail['msg']}"
    return f"the setting {where} of {what} cannot be used: {detail['msg']}"
