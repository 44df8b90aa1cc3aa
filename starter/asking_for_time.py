"""More time for a review, asked from the page of its text: by whoever writes it, with a date and why.

The question itself stays open and keeps its date; the rulebook's role decides the request. Rule: facts.md 2.5, 2.6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.arrivals import Arrival, Door, read_posted
from starter.deciding import own_session
from starter.delivery import Delivery
from starter.extending import MoreTime, request_extension, requests_of
from starter.reports import ReportRefusedError
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from starter.views import Turned, page
from starter.welsh import Ours
from workflows.contract.choices import MORE_TIME_BECAUSE
from workflows.contract.vocabulary import ReasonCode

ON_THE_DATE = ("draft", "submit")
"""The questions that stand on the review's own date."""

_LONGEST_REASONS = 5_000
_TYPED = ("new_on", "code", "reasons", "request")


@dataclass(frozen=True, slots=True)
class AskingForTime:
    """Serves `/a/{token}/more-time`."""

    door: Door
    delivery: Delivery

    async def form(self, request: Request) -> Response:
        """Show the dates, what was asked for and decided so far and why, and a form where nothing waits."""
        here = await self._arrival(request)
        if here.session is None:
            return RedirectResponse(f"/a/{here.token}", 303)
        return await self._page(here, {**dict.fromkeys(_TYPED, ""), "request": str(uuid4())})

    async def ask(self, request: Request) -> Response:
        """Put the request on the record and hand it to the review; the page then says who decides."""
        form = await read_posted(request)
        typed = _typed(form)
        here = await self._arrival(request)
        if here.session is None:
            return _sign_in_elsewhere(here, typed)
        if form.get("csrf") != own_session(here).csrf:  # the page is from an earlier session of the same person
            return await self._page(here, typed, status=403)
        problems = _problems(typed)
        if problems:
            return await self._page(here, typed, problems, 400)
        try:
            async with self.door.pool.acquire() as connection:
                asked = await request_extension(connection, here.gate.reference, _wanted(typed), here.asked.email)
        except ReportRefusedError as refused:
            return await self._page(here, typed, {"new_on": f"{str(refused)[:1].upper()}{str(refused)[1:]}"}, 409)
        await self._deliver(asked)
        return RedirectResponse(f"/a/{here.token}/more-time", 303)

    async def _arrival(self, request: Request) -> Arrival:
        here = await self.door.arrival(request)
        if here.question.key not in ON_THE_DATE:
            raise Turned(404, Ours("There is no such page"), Ours("Open the link in your email again."))
        if here.session is not None:
            own_session(here)
        return here

    async def _page(
        self, here: Arrival, typed: Mapping[str, str], errors: Mapping[str, str] | None = None, status: int = 200
    ) -> Response:
        async with self.door.pool.acquire() as connection:
            requests = await requests_of(connection, here.gate.reference)
        return page(
            "more_time.html",
            status,
            token=here.token,
            gate=here.gate,
            csrf=own_session(here).csrf,
            requests=requests,
            typed=typed,
            errors=errors or {},
            because=MORE_TIME_BECAUSE,
            labels={choice.value: choice.label for choice in MORE_TIME_BECAUSE},
        )

    async def _deliver(self, request: UUID) -> None:
        """The review hears of it now, or from the relay."""
        try:
            await self.delivery.deliver_extension(request)
        except (TemporalAwayError, NoSuchWorkflowError):
            return


def _typed(form: FormData) -> dict[str, str]:
    return {name: str(form.get(name, "")).replace("\r\n", "\n").strip() for name in _TYPED}


def _problems(typed: Mapping[str, str]) -> dict[str, str]:
    """What is missing or cannot be read, by input and with the remedy."""
    found: dict[str, str] = {}
    if _day(typed["new_on"]) is None:
        found["new_on"] = Ours("Enter the date that you ask for, such as 2027-03-01")
    if typed["code"] not in {choice.value for choice in MORE_TIME_BECAUSE}:
        found["code"] = Ours("Choose why more time is needed")
    if not typed["reasons"]:
        found["reasons"] = Ours("Say in a few words why; whoever decides reads them")
    elif len(typed["reasons"]) > _LONGEST_REASONS:
        found["reasons"] = Ours("Shorten the reasons to %(count)s characters", count=_LONGEST_REASONS)
    return found


def _wanted(typed: Mapping[str, str]) -> MoreTime:
    on = _day(typed["new_on"])
    assert on is not None  # noqa: S101  # _problems looked first
    try:
        request = UUID(typed["request"])
    except ValueError:
        request = uuid4()
    return MoreTime(on, ReasonCode(typed["code"]), typed["reasons"], request)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sign_in_elsewhere(here: Arrival, typed: Mapping[str, str]) -> Response:
    return page(
        "retry.html",
        403,
        title=Ours("You have been signed out"),
        words=[
            Ours(
                "That happens after half an hour. Open the link of your email in another tab, sign in there, then "
                "send this again. What you typed is kept in this page."
            )
        ],
        action=f"/a/{here.token}/more-time",
        button=Ours("Send it again"),
        carried=[(name, typed[name]) for name in _TYPED],
    )
