"""What the numbers of a candidate call for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.canary.settings import CanaryRule
from appliance.canary.summary import PairSummary


class Decision(StrEnum):
    """What is to be done about a candidate."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, and why, in one sentence for a person."""

    decision: Decision
    reason: str


def judge(rule: CanaryRule, found: PairSummary) -> Verdict:
    """The verdict on the candidate of `found`.

    Errors are judged as soon as enough studies were read, the rest when enough were compared: a
    candidate that fails leaves little to compare and is rolled back all the same.
    """
    candidate = found.candidate.release
    if not rule.enabled:
        return Verdict(Decision.WAIT, "the rule is off (canary.rule.enabled)")
    if found.studies < rule.min_studies:
        return _wait(found.studies, rule.min_studies, "read")
    if broken := _errors(rule, found):
        return Verdict(Decision.ROLLBACK, broken)
    if found.compared < rule.min_studies:
        return _wait(found.compared, rule.min_studies, "compared")
    if broken := _latency(rule, found) or _dice(rule, found) or _severity(rule, found):
        return Verdict(Decision.ROLLBACK, broken)
    kept = f"{candidate} keeps every bound over {found.compared} studies"
    if rule.automatic_promotion:
        return Verdict(Decision.PROMOTE, kept)
    return Verdict(
        Decision.WAIT, f"{kept}; promote it by hand (canary.rule.automatic_promotion is off)"
    )


def _wait(count: int, needed: int, what: str) -> Verdict:
    return Verdict(
        Decision.WAIT,
        f"{count} of the {needed} studies needed were {what} (canary.rule.min_studies)",
    )


def _errors(rule: CanaryRule, found: PairSummary) -> str:
    if found.error_rate_increase <= rule.max_error_rate_increase:
        return ""
    ours, theirs = found.candidate, found.baseline
    return (
        f"{ours.release} failed on {ours.errors} of {found.studies} studies and {theirs.release} "
        f"on {theirs.errors}; at most {rule.max_error_rate_increase:.1%} more may fail"
    )


def _latency(rule: CanaryRule, found: PairSummary) -> str:
    ratio = found.latency_ratio
    if ratio is None or ratio <= rule.max_latency_ratio:
        return ""
    return (
        f"{found.candidate.release} takes {ratio:.2f} times as long as {found.baseline.release}; "
        f"at most {rule.max_latency_ratio:g} times are allowed"
    )


def _dice(rule: CanaryRule, found: PairSummary) -> str:
    if found.dice_median is None or found.dice_median >= rule.min_dice:
        return ""
    return (
        f"the lesions of {found.candidate.release} overlap those of {found.baseline.release} with "
        f"a median Dice of {found.dice_median:.3f}; at least {rule.min_dice:g} is asked for"
    )


def _severity(rule: CanaryRule, found: PairSummary) -> str:
    if found.severity_change_rate <= rule.max_severity_change_rate:
        return ""
    return (
        f"{found.candidate.release} changes the severity of {found.severity_changes} of "
        f"{found.compared} studies; at most {rule.max_severity_change_rate:.1%} may change"
    )
