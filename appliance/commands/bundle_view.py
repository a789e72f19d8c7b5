"""A bundle as the shell shows it."""

from __future__ import annotations

from typing import Any

from provisioning.bundle.contents import Contents
from provisioning.bundle.signer import Signer, Standing

_LINES = {
    Standing.TRUSTED: "signed by {name} (key {key_id}), whom this box trusts",
    Standing.REVOKED: "signed by {name} (key {key_id}), whose key was revoked here",
    Standing.UNKNOWN: "said to be signed by the key {key_id}, which this box does not know",
    Standing.UNSIGNED: "not signed",
}


def signer_line(signer: Signer) -> str:
    """For a person."""
    return _LINES[signer.standing].format(name=signer.name, key_id=signer.key_id)


def signer_facts(signer: Signer) -> dict[str, Any]:
    """For a program."""
    facts = {"key_id": signer.key_id, "signer": signer.name, "standing": signer.standing.value}
    return {**facts, "trusted": signer.trusted}


def contents_lines(contents: Contents) -> list[str]:
    """For a person: one line for each model version, and one for the release."""
    lines = [
        f"{model.title}: {len(model.files)} files, "
        f"{sum(file.size for file in model.files) / 2**20:.1f} MiB"
        for model in contents.models
    ]
    if contents.release:
        lines.append(f"release {contents.release.reference} of {contents.release.pipeline}")
    return [*lines, f"made {contents.made_at} by aibox {contents.box_version}"]


def contents_facts(contents: Contents) -> dict[str, Any]:
    """For a program: `bundle.json` as it is."""
    return {"contents": contents.model_dump(mode="json")}
