"""Which studies a canary gets: a share of them, always the same ones, more as it grows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.domain.job import TwinRole
from serving.domain.model_set import Route
from serving.domain.routing import Choice, Twin, choose

STABLE, CANARY, SHADOW = "chest_ct@1", "chest_ct@2", "chest_ct@3"
UIDS = st.text(alphabet="0123456789.", max_size=64)
SHARES = st.floats(0, 1)


def route(**changes: object) -> Route:
    return Route.model_validate({"pipeline": "chest_ct", "stable": STABLE, **changes})


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.93])
def test_the_share_is_met(share: float) -> None:
    count = 20_000
    chosen = [
        choose(route(canary=CANARY, share=share), f"1.2.840.{n}").release for n in range(count)
    ]
    spread = (share * (1 - share) / count) ** 0.5
    assert abs(chosen.count(CANARY) / count - share) < 4 * spread


@given(uid=UIDS, shares=st.tuples(SHARES, SHARES))
def test_a_study_in_a_small_canary_is_in_every_larger_one(
    uid: str, shares: tuple[float, float]
) -> None:
    small, large = (
        choose(route(canary=CANARY, share=share), uid).release == CANARY for share in sorted(shares)
    )
    assert large >= small


@given(uids=st.lists(UIDS, unique=True, max_size=20), seed=st.integers())
def test_the_choice_hangs_on_the_study_alone(uids: list[str], seed: int) -> None:
    way = route(canary=CANARY, share=0.5)
    first = {uid: choose(way, uid) for uid in uids}
    random.Random(seed).shuffle(uids)
    assert {uid: choose(way, uid) for uid in uids} == first


@given(uid=UIDS)
def test_no_share_is_nobody_and_the_whole_share_is_everybody(uid: str) -> None:
    assert choose(route(canary=CANARY, share=0.0), uid).release == STABLE
    assert choose(route(canary=CANARY, share=1.0), uid).release == CANARY
    assert choose(route(share=1.0), uid) == Choice(STABLE)


def test_another_canary_meets_other_studies() -> None:
    uids = [f"1.2.{n}" for n in range(500)]
    first, second = (
        {uid for uid in uids if choose(route(canary=name, share=0.5), uid).release == name}
        for name in (CANARY, SHADOW)
    )
    assert 50 < len(first & second) < 200


@given(uid=UIDS)
def test_named_callers_all_go_to_the_canary_and_a_nameless_one_does_not(uid: str) -> None:
    way = route(canary=CANARY, callers=("pacs-2", ""))
    assert choose(way, uid, "pacs-2").release == CANARY
    assert choose(way, uid, "pacs-1").release == STABLE
    assert choose(way, uid, "").release == STABLE


def test_a_canary_study_is_compared_with_stable_and_a_shadow_sees_every_study() -> None:
    shadow = Twin(SHADOW, TwinRole.SHADOW)
    way = route(canary=CANARY, callers=("a",), shadow=SHADOW)
    assert choose(way, "1") == Choice(STABLE, (shadow,))
    assert choose(way, "1", "a") == Choice(CANARY, (Twin(STABLE, TwinRole.COMPARISON), shadow))


def test_no_release_is_compared_with_itself() -> None:
    way = route(canary=CANARY, callers=("a",), shadow=CANARY)
    assert choose(way, "1", "a").twins == (Twin(STABLE, TwinRole.COMPARISON),)
    assert choose(way, "1").twins == (Twin(CANARY, TwinRole.SHADOW),)
