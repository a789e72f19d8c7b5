"""One line of a reporting check list, and what the box can say to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from serving.radiomics.modelling.train import Trained
from serving.radiomics.report.report_facts import ReportFacts

State = Literal["known", "partly", "unknown"]


@dataclass(frozen=True, slots=True)
class Item:
    """`asks` is the item in brief, in our own words; `answer` what the box knows of it."""

    number: str
    asks: str
    state: State
    answer: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What the lists are filled from."""

    trained: Trained
    facts: ReportFacts

    @property
    def binary(self) -> bool:
        return self.trained.evaluation.binary is not None

    @property
    def folds(self) -> str:
        """How cases were divided."""
        told = self.trained.evaluation
        unit = "cases" if told.groups is None else f"{told.groups} groups, none of them split"
        repeated = f", repeated {told.repeats} times" if told.repeats > 1 else ""
        return (
            f"nested cross-validation over {unit}: {told.outer_folds} outer folds judge, "
            f"{told.inner_folds} inner folds choose{repeated}"
        )

    @property
    def counts(self) -> str:
        """Cases and events."""
        told = self.trained.evaluation
        if told.binary is not None:
            return f"{told.cases} cases, {told.binary.positives} of them {told.binary.names[1]}"
        events = told.survival.events if told.survival else 0
        return f"{told.cases} cases, {events} with an event"


def known(number: str, asks: str, answer: str) -> Item:
    return Item(number, asks, "known", answer[:1].upper() + answer[1:])


def partly(number: str, asks: str, answer: str) -> Item:
    return Item(number, asks, "partly", answer[:1].upper() + answer[1:])


def unknown(number: str, asks: str) -> Item:
    return Item(number, asks, "unknown", "Not known to the box.")
