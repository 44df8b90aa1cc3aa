"""The weekday digest: what is asked of the record each morning, and what became of it. References of places only."""

from datetime import date

from pydantic import AwareDatetime

from .message import Message, Ref

NATIONAL = "national"
"""In the place of a region's code: the national SFO team, for every region."""


class DigestOrder(Message):
    """Write the weekday digest of the day on which it runs."""


class DigestLook(Message):
    """To whom the digest of this moment goes."""

    at: AwareDatetime


class DigestPlan(Message):
    """The day in London, and the places with cases in real time: codes of regions, and `national`.

    No places on a day that is no working day.
    """

    on: date
    places: tuple[Ref, ...] = ()


class PlaceDigest(Message):
    """Write the digest of one place for this day, as things stand at this moment."""

    place: Ref
    on: date
    at: AwareDatetime


class DigestWritten(Message):
    """Whether a letter was written, and how much it lists; not where there was nothing to say."""

    place: Ref
    written: bool
    listed: int = 0


class DigestDone(Message):
    """Where the digest of the day was written."""

    on: date
    written: tuple[Ref, ...] = ()
