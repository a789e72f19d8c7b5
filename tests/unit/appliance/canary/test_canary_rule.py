"""What the rule makes of the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from some_pairs import pair

from appliance.canary.rule import Decision, judge
from appliance.canary.settings import CanaryRule, CanarySettings
from appliance.canary.summary import PairSummary, summarise

ON = CanaryRule(enabled=True)


def told(count: int = 20, **changes: object) -> PairSummary:
    return summarise("chest_ct@1", "chest_ct@2", [pair(n, **changes) for n in range(count)])


def test_it_is_off_unless_somebody_turns_it_on() -> None:
    settings = CanarySettings()
    assert not settings.rule.enabled
    assert not settings.rule.automatic_promotion
    assert settings.compare
    worst = told(100, dice=0.0, severities=(0, 20), seconds=(1.0, 99.0))
    assert judge(settings.rule, worst).decision is Decision.WAIT


def test_a_good_candidate_waits_for_a_person_or_is_promoted() -> None:
    by_hand = judge(ON, told())
    assert by_hand.decision is Decision.WAIT
    assert "promote it by hand" in by_hand.reason
    by_itself = judge(ON.model_copy(update={"automatic_promotion": True}), told())
    assert by_itself.decision is Decision.PROMOTE
    assert by_itself.reason == "chest_ct@2 keeps every bound over 20 studies"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dice": 0.79}, "median Dice of 0.790"),
        ({"seconds": (10.0, 15.1)}, "1.51 times as long"),
        ({"severities": (3, 4)}, "changes the severity of 20 of 20"),
        ({"errors": ("", "Internal")}, "failed on 20 of 20"),
    ],
)
def test_each_bound_that_breaks_rolls_back_and_says_which(
    changes: dict[str, object], reason: str
) -> None:
    rule = ON.model_copy(update={"automatic_promotion": True})
    verdict = judge(rule, told(**changes))
    assert verdict.decision is Decision.ROLLBACK
    assert reason in verdict.reason
    assert judge(rule, told(19, **changes)).decision is Decision.WAIT


@pytest.mark.parametrize(
    "changes", [{"dice": 0.8}, {"seconds": (10.0, 15.0)}, {"errors": ("Internal", "Internal")}]
)
def test_a_bound_that_is_just_met_holds(changes: dict[str, object]) -> None:
    assert judge(ON, told(**changes)).decision is Decision.WAIT


def test_a_few_severity_changes_and_errors_are_allowed() -> None:
    pairs = [pair(n, severities=(3, 3 + (n < 10))) for n in range(100)]
    assert judge(ON, summarise("a", "b", pairs)).decision is Decision.WAIT
    pairs.append(pair(100, severities=(3, 4)))
    assert judge(ON, summarise("a", "b", pairs)).decision is Decision.ROLLBACK
    failing = [pair(n, errors=("", "Internal" * (n < 2))) for n in range(100)]
    assert judge(ON, summarise("a", "b", failing)).decision is Decision.WAIT
    failing.append(pair(100, errors=("", "Internal")))
    assert judge(ON, summarise("a", "b", failing)).decision is Decision.ROLLBACK


def test_studies_that_both_refuse_leave_too_little_to_compare() -> None:
    pairs = [pair(n, errors=("UnsupportedImage",) * 2) for n in range(30)]
    verdict = judge(ON, summarise("a", "b", pairs))
    assert (verdict.decision, verdict.reason[:27]) == (Decision.WAIT, "0 of the 20 studies needed ")


@given(
    dice=st.floats(0, 1),
    seconds=st.floats(0.1, 100),
    count=st.integers(0, 40),
    promote=st.booleans(),
)
def test_promotion_asks_for_every_bound_and_a_worse_candidate_never_fares_better(
    dice: float, seconds: float, count: int, promote: bool
) -> None:
    rule = ON.model_copy(update={"automatic_promotion": promote})
    verdict = judge(rule, told(count, dice=dice, seconds=(10.0, seconds)))
    if verdict.decision is Decision.PROMOTE:
        assert promote
        assert count >= rule.min_studies
        assert dice >= rule.min_dice
        assert seconds / 10 <= rule.max_latency_ratio
    worse = judge(rule, told(count, dice=dice / 2, seconds=(10.0, seconds * 2)))
    if verdict.decision is Decision.ROLLBACK:
        assert worse.decision is Decision.ROLLBACK


@pytest.mark.parametrize("wrong", [{"min_studies": 0}, {"min_dice": 1.1}, {"unknown": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CanaryRule.model_validate(wrong)
