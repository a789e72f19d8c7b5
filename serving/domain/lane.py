"""The three lanes of work, most urgent first."""

from __future__ import annotations

from enum import IntEnum

from serving.domain.errors import InvalidRequest


class Lane(IntEnum):
    """A request's lane; lower numbers go first. Numbers as the `priority` request parameter."""

    STAT = 1
    ROUTINE = 2
    BATCH = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, value: str | int | None) -> Lane:
        """The lane for `stat|routine|batch`, 1|2|3, or the default (None, "", 0: routine).

        Raises InvalidRequest for anything else.
        """
        if value in (None, "", 0, "0"):
            return cls.ROUTINE
        text = str(value).strip().lower()
        for lane in cls:
            if text in (lane.label, str(lane.value)):
                return lane
        raise InvalidRequest("priority is 1|stat, 2|routine or 3|batch; something else came")
