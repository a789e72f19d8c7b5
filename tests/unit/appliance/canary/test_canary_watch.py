"""A canary that disagrees is rolled back by the rule, one that agrees is promoted, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.canary.collector import TwinCollector
from appliance.canary.pair_store import PairStore
from appliance.canary.settings import CanaryRule, CanarySettings
from appliance.canary.watch import CanaryWatch
from appliance.registry.set_releases import with_new_release
from appliance.registry.set_routes import start_canary
from appliance.registry.set_versions import add_version
from appliance.registry.settings import RegistrySettings
from appliance.registry.successor import revised
from appliance.registry.switcher import Switcher
from serving.domain.model_set import ModelSet, Route
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from tests.unit.appliance.canary.some_pairs import pair
from tests.unit.appliance.registry.small_box import VENDOR, SmallBox
from tests.unit.appliance.registry.tiny_versions import write_version

RULE = CanaryRule(enabled=True, min_studies=3, automatic_promotion=True)


class Watched:
    """A small box with a canary of `chest_ct@2`, and the watch over it."""

    def __init__(self, folder: Path, rule: CanaryRule) -> None:
        self.box = SmallBox(folder)
        for name, version in (("hrnet", 1), ("unet", 1)):
            write_version(self.box.product, name, version)
        self.box.boot()
        write_version(self.box.models, "unet", 2)
        self.box.restart()
        self.switcher: Switcher = self.box.switcher()
        self.switcher.switch(self._with_canary, VENDOR, "canary.start", "chest_ct@2")
        self.pairs = PairStore(folder / "jobs.sqlite")
        collector = TwinCollector(
            JobStore(folder / "jobs.sqlite"),
            Spool(folder / "spool", IntakeSettings()),
            ResultStore(folder / "results"),
            self.pairs,
        )
        self.watch = CanaryWatch(
            collector,
            self.pairs,
            self.box.store.history,
            self.switcher,
            self.box.audit,
            CanarySettings(rule=rule),
            RegistrySettings().wanted,
        )

    def _with_canary(self, current: ModelSet) -> ModelSet:
        following = add_version(current, self.box.pin("unet", 2))
        models = {"hrnet": 1, "unet": 2}
        following, release = with_new_release(following, "chest_ct", "chest_ct", models, {})
        return start_canary(revised(following), release.reference, 0.5)

    @property
    def route(self) -> Route:
        route = self.switcher.committed.route("chest_ct")
        assert route is not None
        return route

    def see(self, count: int, **changes: object) -> None:
        """That many studies, now."""
        now = datetime.now(UTC) + timedelta(seconds=1)
        for number in range(count):
            self.pairs.add(replace(pair(number, **changes), finished_at=now))


def test_a_worse_canary_is_rolled_back_and_the_audit_says_why(tmp_path: Path) -> None:
    watched = Watched(tmp_path, RULE)
    watched.see(2, dice=0.1)
    watched.watch.step()
    assert watched.route.canary == "chest_ct@2", "two studies are not enough"
    watched.see(4, dice=0.1)
    watched.watch.step()
    assert (watched.route.stable, watched.route.canary) == ("chest_ct@1", None)
    actions = [event.action for event in watched.box.audit.events]
    assert actions[-2:] == ["canary.judge", "canary.rollback"]
    assert "median Dice of 0.100" in watched.box.audit.events[-2].detail
    before = watched.switcher.committed
    watched.watch.step()
    assert watched.switcher.committed == before, "there is nothing more to judge"


def test_a_good_canary_is_promoted_where_the_rule_may(tmp_path: Path) -> None:
    watched = Watched(tmp_path, RULE)
    watched.see(4)
    watched.watch.step()
    assert (watched.route.stable, watched.route.canary) == ("chest_ct@2", None)
    assert watched.switcher.committed.stable("unet") == 2


@pytest.mark.parametrize(
    "rule",
    [RULE.model_copy(update={"enabled": False}), RULE.model_copy(update={"min_studies": 9})],
)
def test_nothing_happens_while_the_rule_is_off_or_knows_too_little(
    tmp_path: Path, rule: CanaryRule
) -> None:
    watched = Watched(tmp_path, rule)
    watched.see(4, dice=0.1)
    watched.watch.step()
    assert watched.route.canary == "chest_ct@2"


def test_studies_of_an_earlier_try_decide_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path, RULE)
    earlier = datetime.now(UTC) - timedelta(hours=1)
    for number in range(5):
        watched.pairs.add(replace(pair(number, dice=0.1), finished_at=earlier))
    watched.watch.step()
    assert watched.route.canary == "chest_ct@2"


def test_old_pairs_go_when_new_ones_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, RULE.model_copy(update={"enabled": False}))
    long_ago = datetime.now(UTC) - timedelta(days=CanarySettings().keep_days + 1)
    watched.pairs.add(replace(pair(9), finished_at=long_ago))
    watched.see(1)
    watched.watch.step()
    assert len(watched.pairs.pairs()) == 2
    monkeypatch.setattr(TwinCollector, "collect", lambda _: 1)
    watched.watch.step()
    assert [each.job_id for each in watched.pairs.pairs()] == ["job0"]
