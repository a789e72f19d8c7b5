"""What names and numbers in requests may be."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field, StringConstraints

from serving.domain.manifest import Name

HIGHEST = 2**31 - 1

Number = Annotated[int, Field(ge=1, le=HIGHEST, strict=True)]
Reference = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}@[1-9][0-9]{0,9}$")
]
"""A release: `chest_ct@3`."""
Word = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,256}$")]
CallerName = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]

ModelName = Annotated[Name, Path(description="Name of the model, as `hrnet_covid`.")]
VersionNumber = Annotated[int, Path(ge=1, le=HIGHEST, description="Number of the version.")]
ReleaseName = Annotated[Name, Path(description="Name of the release, as `chest_ct`.")]
PipelineName = Annotated[Name, Path(description="Name of the pipeline, as `chest_ct`.")]
LabelName = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9_.-]{0,63}$", description="Label, as `canary`.")
]
OperationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Id of the operation.")]
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Id of the job.")]
