"""What each change of a set does, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.registry.newcomers import join
from appliance.registry.policy import Every, VersionPolicy
from appliance.registry.set_releases import (
    KEPT_UNROUTED,
    add_release,
    next_number,
    promote_release,
    prune_releases,
    remove_release,
)
from appliance.registry.set_repair import repair
from appliance.registry.set_rollback import rollback, rollback_target
from appliance.registry.set_routes import start_canary, start_shadow, stop_canary, stop_shadow
from appliance.registry.set_versions import (
    add_version,
    apply_policy,
    evict_version,
    promote_version,
    remove_label,
    remove_version,
    retire_replaced,
    set_label,
)
from appliance.registry.settings import RegistrySettings
from appliance.registry.successor import same_content
from serving.domain.errors import (
    AiboxError,
    IllegalTransition,
    InvalidRequest,
    ModelNotFound,
    VersionExists,
)
from serving.domain.model_set import ModelSet, Release, Route
from tests.unit.appliance.registry.some_sets import LATEST, NEEDS, set_of, two_versions, version_of

# --- versions and labels --------------------------------------------------------------------


def test_the_first_version_of_a_model_is_stable_and_later_ones_are_not() -> None:
    current = add_version(ModelSet(generation=0), version_of("a", 3))
    assert add_version(current, version_of("a", 5)).labels == {"a": {"stable": 3}}
    with pytest.raises(VersionExists, match="model a version 3 serves already"):
        add_version(current, version_of("a", 3))


def test_promoting_a_version_derives_releases_of_every_pipeline_that_runs_its_like() -> None:
    current = add_version(set_of(("a", 1), ("b", 1)), version_of("b", 2))
    promoted = promote_version(current, "b", 2)
    assert promoted.labels["b"] == {"stable": 2}
    assert promoted.labels["a"] == {"stable": 1}
    assert {route.pipeline: route.stable for route in promoted.routes} == {
        "chest": "chest@2",
        "breast": "breast@2",
    }
    chest = promoted.release("chest@2")
    assert chest is not None
    assert chest.models == {"a": 1, "b": 2}
    assert chest.parameters == {"p": "1"}
    assert promoted.release("chest@1") == current.release("chest@1")
    assert promoted.generation == current.generation + 1


def test_promoting_back_and_forth_uses_the_same_releases_again() -> None:
    once = promote_version(two_versions(), "a", 2)
    back = promote_version(once, "a", 1)
    again = promote_version(back, "a", 2)
    assert len(again.releases) == len(once.releases) == 3
    assert same_content(again, once)
    assert same_content(promote_version(once, "a", 2), once)


def test_promoting_a_version_ends_the_canary_that_it_makes_stable() -> None:
    current = add_release(
        two_versions(),
        Release(
            name="chest",
            version=2,
            pipeline="chest",
            models={"a": 2, "b": 1},
            parameters={"p": "1"},
        ),
    )
    current = start_canary(current, "chest@2", 0.5, ["pacs"])
    assert promote_version(current, "a", 2).route("chest") == Route(
        pipeline="chest", stable="chest@2"
    )


@pytest.mark.parametrize(
    ("current", "key", "sentence"),
    [
        (two_versions(), ("a", 1), "a version 1 is labelled stable"),
        (set_label(two_versions(), "a", "next", 2), ("a", 2), "a version 2 is labelled next"),
        (set_of(("a", 1), ("b", 1)), ("a", 1), "release chest@1 needs a version 1"),
        (promote_version(two_versions(), "a", 2), ("a", 1), "release chest@1 needs a version 1"),
    ],
)
def test_what_is_needed_is_not_removed(
    current: ModelSet, key: tuple[str, int], sentence: str
) -> None:
    with pytest.raises(IllegalTransition, match=sentence):
        remove_version(current, *key)


def test_the_last_version_of_a_model_takes_its_labels_along() -> None:
    current = add_version(two_versions(), version_of("c", 1))
    left = remove_version(current, "c", 1)
    assert left.keys == two_versions().keys
    assert "c" not in left.labels
    with pytest.raises(ModelNotFound, match="no version of a model c is in service"):
        remove_version(left, "c", 1)


def test_an_eviction_takes_spare_releases_along_and_spares_routed_ones() -> None:
    promoted = promote_version(two_versions(), "a", 2)
    evicted = evict_version(promoted, "a", 1)
    assert ("a", 1) not in evicted.keys
    assert evicted.release("chest@1") is None
    with pytest.raises(IllegalTransition, match="release breast@1 needs b version 1"):
        evict_version(promoted, "b", 1)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda s: set_label(s, "a", "stable", 2), IllegalTransition, "moved by promoting"),
        (lambda s: remove_label(s, "a", "stable"), IllegalTransition, "moved by promoting"),
        (lambda s: set_label(s, "a", "7", 2), InvalidRequest, "a small letter first"),
        (lambda s: set_label(s, "a", "x", 9), ModelNotFound, "it has 1, 2"),
        (lambda s: remove_label(s, "a", "x"), ModelNotFound, "has that label"),
        (lambda s: promote_version(s, "a", 9), ModelNotFound, "it has 1, 2"),
        (lambda s: promote_release(s, "chest@9"), ModelNotFound, "there are: "),
        (lambda s: start_canary(s, "chest@1", 0.5), IllegalTransition, "is the stable release"),
        (lambda s: start_canary(s, "chest@1", 0), InvalidRequest, "sees no study"),
        (lambda s: start_canary(s, "chest@1", 2), InvalidRequest, "from 0 to 1"),
        (lambda s: start_shadow(s, "chest@1"), IllegalTransition, "cannot be its shadow"),
        (lambda s: stop_canary(s, "chest"), IllegalTransition, "no canary of chest"),
        (lambda s: stop_shadow(s, "brain"), IllegalTransition, "no release of brain is stable"),
        (lambda s: remove_release(s, "chest@1"), IllegalTransition, "in the route of chest"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    change: Callable[[ModelSet], ModelSet], error: type[AiboxError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        change(two_versions())


def test_labels_are_moved_and_removed() -> None:
    labelled = set_label(set_label(two_versions(), "a", "next", 1), "a", "next", 2)
    assert labelled.labels["a"] == {"stable": 1, "next": 2}
    assert remove_label(labelled, "a", "next").labels == two_versions().labels


# --- releases and routes --------------------------------------------------------------------


def _canary() -> ModelSet:
    """The newer a in a release of its own, which half of the studies run."""
    release = Release(name="chest", version=2, pipeline="chest", models={"a": 2, "b": 1})
    return start_canary(add_release(two_versions(), release), "chest@2", 0.5, ["pacs", "pacs"])


def test_a_canary_is_started_changed_and_stopped() -> None:
    current = _canary()
    route = current.route("chest")
    assert route is not None
    assert (route.stable, route.canary, route.share, route.callers) == (
        "chest@1",
        "chest@2",
        0.5,
        ("pacs",),
    )
    wider = start_canary(current, "chest@2", 0.9).route("chest")
    assert wider is not None
    assert (wider.share, wider.callers) == (0.9, ())
    assert stop_canary(current, "chest").routes == two_versions().routes


def test_promoting_a_release_moves_its_models_and_ends_its_canary_and_shadow() -> None:
    promoted = promote_release(start_shadow(_canary(), "chest@2"), "chest@2")
    assert promoted.route("chest") == Route(pipeline="chest", stable="chest@2")
    assert promoted.stable("a") == 2
    breast = promoted.route("breast")
    assert breast is not None
    assert breast.stable == "breast@1"


def test_another_canary_outlives_a_promotion() -> None:
    current = start_shadow(_canary(), "chest@2")
    current = add_release(
        current, Release(name="chest", version=3, pipeline="chest", models={"b": 1})
    )
    route = promote_release(current, "chest@3").route("chest")
    assert route is not None
    assert (route.stable, route.canary, route.shadow) == ("chest@3", "chest@2", "chest@2")
    assert stop_shadow(current, "chest").route("chest") == _canary().route("chest")


def test_a_new_pipeline_is_routed_by_promoting_its_first_release() -> None:
    release = Release(name="knee", version=1, pipeline="knee", models={"a": 1})
    promoted = promote_release(add_release(two_versions(), release), "knee@1")
    assert promoted.route("knee") == Route(pipeline="knee", stable="knee@1")


def test_a_number_that_was_given_before_is_refused() -> None:
    removed = remove_release(stop_canary(_canary(), "chest"), "chest@2")
    assert next_number(removed, "chest") == 3
    release = Release(name="chest", version=2, pipeline="chest", models={"b": 1})
    with pytest.raises(VersionExists, match="the next one is chest@3"):
        add_release(removed, release)


def test_spare_releases_are_pruned_and_routed_ones_never() -> None:
    current = two_versions()
    for number in range(2, 12):
        release = Release(name="chest", version=number, pipeline="chest", models={"b": 1})
        current = add_release(current, release)
    pruned = prune_releases(current)
    assert [r.version for r in pruned.releases if r.name == "chest"] == [1, 7, 8, 9, 10, 11]
    assert KEPT_UNROUTED == 5
    assert pruned.generation == current.generation


# --- policy, rollback, repair ---------------------------------------------------------------


def test_a_policy_drops_what_nobody_needs() -> None:
    current = two_versions()
    for number in (3, 4, 5):
        current = add_version(current, version_of("a", number))
    current = set_label(current, "a", "kept", 3)
    left = apply_policy(current, LATEST.wanted)
    # 1 is stable and in a release, 3 has a label, 5 is the latest.
    assert {v.version for v in left.versions if v.name == "a"} == {1, 3, 5}


def test_a_policy_holds_on_to_no_more_than_the_newest_spare_releases() -> None:
    current = two_versions()
    for number in range(3, 10):
        current = add_version(current, version_of("a", number))
        release = Release(name="chest", version=number, pipeline="chest", models={"a": number})
        current = add_release(current, release)
    left = apply_policy(current, LATEST.wanted)
    assert {v.version for v in left.versions if v.name == "a"} == {1, 5, 6, 7, 8, 9}


def test_what_was_stable_leaves_with_its_release_once_it_is_replaced() -> None:
    before = set_of(("a", 1), ("b", 1))
    promoted = promote_version(add_version(before, version_of("a", 2)), "a", 2)
    after = retire_replaced(before, promoted, LATEST.wanted)
    assert after.keys == {("a", 2), ("b", 1)}
    assert {release.reference for release in after.releases} == {"chest@2", "breast@1"}
    back = rollback(after, before)
    assert back.stable("a") == 1
    assert back.routes == before.routes


def test_what_was_stable_stays_where_something_needs_it() -> None:
    before = set_label(set_of(("a", 1), ("b", 1)), "a", "before", 1)
    promoted = promote_version(add_version(before, version_of("a", 2)), "a", 2)
    assert retire_replaced(before, promoted, LATEST.wanted).keys == promoted.keys
    every = RegistrySettings(default_policy=VersionPolicy(all=Every()))
    plain = set_of(("a", 1), ("b", 1))
    promoted = promote_version(add_version(plain, version_of("a", 2)), "a", 2)
    assert retire_replaced(plain, promoted, every.wanted).keys == promoted.keys
    spare = Release(name="chest", version=2, pipeline="chest", models={"a": 1, "b": 1})
    with_spare = add_release(plain, spare)
    promoted = promote_version(add_version(with_spare, version_of("a", 2)), "a", 2)
    after = retire_replaced(with_spare, promoted, LATEST.wanted)
    assert ("a", 1) in after.keys, "a release that was made and never ran is somebody's plan"


def test_a_rollback_brings_removed_versions_and_releases_back() -> None:
    before = two_versions()
    promoted = evict_version(promote_version(before, "a", 2), "a", 1)
    back = rollback(promoted, before)
    assert ("a", 1) in back.keys
    assert back.stable("a") == 1
    route = back.route("chest")
    assert route is not None
    assert route.stable == "chest@1"
    assert {r.reference for r in back.releases} == {"chest@1", "breast@1", "chest@2"}
    assert back.generation == promoted.generation + 1


def test_a_rollback_keeps_models_that_came_later() -> None:
    before = two_versions()
    later = add_version(promote_version(before, "a", 2), version_of("new", 1))
    back = rollback(later, before)
    assert back.stable("new") == 1
    assert back.stable("a") == 1


def test_a_rollback_passes_over_sets_in_which_the_same_answered() -> None:
    first = two_versions()
    promoted = promote_version(first, "a", 2)
    loaded = add_version(promoted, version_of("a", 3))
    assert rollback_target(loaded, (promoted, first)) == first
    back = rollback(loaded, first)
    assert rollback_target(back, (loaded, promoted, first)) == loaded
    with pytest.raises(IllegalTransition, match="nothing to roll back to"):
        rollback_target(first, (first,))


def test_a_repair_falls_back_to_what_is_left() -> None:
    current = promote_version(_canary(), "a", 2)
    sound = repair(current, current.keys - {("a", 2)})
    assert sound.stable("a") == 1
    assert sound.route("chest") == Route(pipeline="chest", stable="chest@1")
    assert {r.reference for r in sound.releases} == {"chest@1", "breast@1"}
    nothing = repair(current, frozenset({("a", 1)}))
    assert nothing.routes == ()
    assert nothing.labels == {"a": {"stable": 1}}
    # What comes back gets a number that no result names yet.
    again = join(nothing, (version_of("b", 1),), NEEDS)
    assert {route.stable for route in again.routes} == {"chest@4", "breast@2"}


def test_a_repair_leaves_stable_where_it_can() -> None:
    current = add_version(two_versions(), version_of("a", 3))
    assert repair(current, current.keys - {("a", 2)}).stable("a") == 1


def test_a_repair_ends_a_canary_whose_model_is_gone() -> None:
    sound = repair(_canary(), _canary().keys - {("a", 2)})
    assert sound.route("chest") == Route(pipeline="chest", stable="chest@1")


def test_joining_leaves_stable_and_routes_as_they_are() -> None:
    current = set_of(("a", 1), ("b", 1))
    joined = join(current, (version_of("a", 2), version_of("c", 1), version_of("c", 2)), NEEDS)
    assert joined.labels == {"a": {"stable": 1}, "b": {"stable": 1}, "c": {"stable": 2}}
    assert joined.routes == current.routes
    assert joined.generation == current.generation + 1
