"""The page on which a liaison officer records that a victim or family wants the review after all.

It stands beside the answered questions of a leg, for as long as their links are kept. Rule: facts.md 5.23.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.arrivals import OPTING_IN, Arrival, Door, carried, read_posted
from starter.deciding import own_session
from starter.delivery import Delivery
from starter.forms import Typed, read_form
from starter.opting_in import ACCEPTED, OFFER, OptInRefusedError, leg_now, opt_in, wish_of, wish_problems
from starter.reopening import TakenUp, hand_on
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from starter.views import Turned, page
from starter.welsh import Ours


@dataclass(frozen=True, slots=True)
class OptingIn:
    """Serves `/a/{token}/opt-in`."""

    door: Door
    delivery: Delivery

    async def form(self, request: Request) -> Response:
        """Show how the leg stands, and a form where nothing stands against it."""
        here = await self._arrival(request)
        if here.session is None:
            return RedirectResponse(f"/a/{here.token}", 303)
        return await self._page(here, Typed(answer=ACCEPTED))

    async def opt_in(self, request: Request) -> Response:
        """Put the change of mind on the record and hand it to the case; the page then says how the leg stands."""
        form = await read_posted(request)
        here = await self._arrival(request)
        if here.session is None:
            return _sign_in_elsewhere(here, form)
        typed = replace(read_form(OFFER, carried(form)), answer=ACCEPTED)
        if form.get("csrf") != own_session(here).csrf:  # the page is from an earlier session of the same person
            return await self._page(here, typed, status=403)
        fields = typed.fields(OFFER)
        if problems := wish_problems(fields):
            return await self._page(here, typed, {f"{ACCEPTED}.{one.field}": one.message for one in problems}, 400)
        try:
            async with self.door.pool.acquire() as connection:
                taken = await opt_in(
                    connection, here.gate.reference, _victim(here), wish_of(fields), None, here.asked.email
                )
        except OptInRefusedError as refused:
            return await self._page(here, typed, status=200 if refused.code == "wants_already" else 409)
        await self._deliver(taken)
        return RedirectResponse(f"/a/{here.token}/opt-in", 303)

    async def _arrival(self, request: Request) -> Arrival:
        here = await self.door.arrival(request)
        if here.question.key not in OPTING_IN or here.decided is None or here.gate.subject is None:
            raise Turned(404, Ours("There is no such page"), Ours("Open the link in your email again."))
        if here.session is not None:
            own_session(here)
        return here

    async def _page(
        self, here: Arrival, typed: Typed, errors: Mapping[str, str] | None = None, status: int = 200
    ) -> Response:
        async with self.door.pool.acquire() as connection:
            leg = await leg_now(connection, here.gate.reference, _victim(here))
        return page(
            "opt_in.html",
            status,
            token=here.token,
            gate=here.gate,
            csrf=own_session(here).csrf,
            leg=leg,
            labels={f.name: {c.value: c.label for c in f.choices} for f in _ANSWER.fields},
            answer=_ANSWER,
            typed=typed,
            errors=errors or {},
        )

    async def _deliver(self, taken: TakenUp) -> None:
        """The case hears of it now, or from the relay."""
        try:
            await hand_on(self.delivery, taken)
        except (TemporalAwayError, NoSuchWorkflowError):
            return


(_ANSWER,) = (answer for answer in OFFER.answers if answer.value == ACCEPTED)


def _victim(here: Arrival) -> str:
    assert here.gate.subject is not None  # noqa: S101  # _arrival looked first
    return here.gate.subject


def _sign_in_elsewhere(here: Arrival, form: FormData) -> Response:
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
        action=f"/a/{here.token}/opt-in",
        button=Ours("Send it again"),
        carried=carried(form),
    )
