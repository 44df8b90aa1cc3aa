"""Cover: who is away when, and who stands in, as people set it beside the directory's own entries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from .directory import Absence, Directory, Key, Part, Person


class Cover(Part):
    """Somebody is away from `from_on` to `to_on`, London dates, both included, and `deputy` stands in.

    Without `deputy` the one of the directory does.
    """

    person: Key
    from_on: date
    to_on: date
    deputy: Key | None = None

    def spans(self, on: date) -> bool:
        """Whether this day is one of them."""
        return self.from_on <= on <= self.to_on

    def meets(self, from_on: date, to_on: date) -> bool:
        """Whether it shares a day with these dates."""
        return self.from_on <= to_on and from_on <= self.to_on


def with_covers(directory: Directory, covers: Iterable[Cover], on: date) -> Directory:
    """The directory with these absences among its own, and with the deputies who stand in on this day."""
    own: defaultdict[str, list[Cover]] = defaultdict(list)
    for cover in covers:
        own[cover.person].append(cover)
    if not own:
        return directory
    # Made anew rather than copied: a copy would keep the old one's index of people.
    return Directory.model_construct(
        version=directory.version,
        effective_on=directory.effective_on,
        national=directory.national.model_copy(update={"people": _people(directory.national.people, own, on)}),
        regions={
            code: region.model_copy(update={"people": _people(region.people, own, on)})
            for code, region in directory.regions.items()
        },
    )


def _people(people: Sequence[Person], own: Mapping[str, Sequence[Cover]], on: date) -> tuple[Person, ...]:
    return tuple(_covered(person, own.get(person.key, ()), on) for person in people)


def _covered(person: Person, covers: Sequence[Cover], on: date) -> Person:
    if not covers:
        return person
    away = tuple(Absence(from_on=cover.from_on, to_on=cover.to_on) for cover in covers)
    named = next((cover.deputy for cover in covers if cover.deputy and cover.spans(on)), person.deputy)
    return person.model_copy(update={"away": (*person.away, *away), "deputy": named})
