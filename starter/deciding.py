"""The question's page and the answer: on the record before anything else is tried, then the receipt."""

import logging
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import asyncpg
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.answering import decision_id, receipt_for
from starter.arrivals import Arrival, Door, carried, read_posted, to_question
from starter.checking import CHANGE, CHECKED, check_page
from starter.connections import OUT_OF_REACH
from starter.delivery import Delivery
from starter.forms import Typed, read_form, typed_from
from starter.identity import Session
from starter.record import Offer, Outcome, record_decision
from starter.rendition_files import LANGUAGE
from starter.team import member_of, problems_of
from starter.views import Turned, page, question_page
from starter.welsh import Ours
from workflows.contract.vocabulary import Channel
from workflows.policy.answers import Problem, check_answer
from workflows.policy.authority import same_person

_LOG = logging.getLogger(__name__)

_FILES = {
    "paper": Ours("You chose a file: fill the page from it first. Or record what stands here, without choosing a file"),
    "translation": Ours("You chose a file: give it back first. Or record what stands here, without choosing a file"),
}
"""Inputs for a file that have a button of their own, and what is said where another one was pressed."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """Serves `/a/{token}/decide` and `/a/{token}/receipt`."""

    door: Door
    delivery: Delivery

    async def question(self, request: Request) -> Response:
        """Show the question to the person whom the link belongs to."""
        here = await self.door.arrival(request)
        if here.session is None:
            return RedirectResponse(f"/a/{here.token}", 303)
        session = own_session(here)
        if here.decided:
            return here.decided_page()
        # The id of the try stands in the page: the same page sent twice is one answer.
        attempt, started = str(uuid4()), here.gate.page.get("start_from")
        typed = typed_from(started, attempt) if started else Typed(attempt=attempt)
        return question_page(here.shown(session, typed))

    async def decide(self, request: Request) -> Response:
        """Check the answer, put it on the record, hand it to the stage, and say what became of it."""
        form = await read_posted(request)
        try:
            here = await self.door.arrival(request)
            if here.session is None:
                return sign_in_again(here, form)
            session = own_session(here)
            if form.get("csrf") != session.csrf:  # the page is from an earlier session of the same person
                return look_again(here, session, form)
            if here.decided is None and any(form.get(name) for name in _FILES):
                return _file_first(here, session, form)
            return await self._answered(here, session, form)
        except (*OUT_OF_REACH, asyncpg.PostgresError):
            _LOG.exception("the record did not take an answer")
            return send_again(request, form)

    async def _answered(self, here: Arrival, session: Session, form: FormData) -> Response:
        typed = typed_on(here, form)
        decision = _decision_id(here, typed)
        if here.decided and here.decided.decision != decision:
            return here.decided_page()
        shown = here.shown(session, typed)
        if (typed.more or form.get(CHANGE)) and here.decided is None:
            return question_page(shown)
        fields = typed.fields(here.question)
        problems = [
            *check_answer(here.question, typed.answer, fields, typed.reasons, here.gate.page_today()),
            *_without_file(here, typed.answer),
            *problems_of(here.team, typed.person, typed.person_name),
        ]
        if not typed.answer:  # whoever types a command needs the values, whoever sees the page does not
            problems = [Problem("answer", Ours("Select your answer"))]
        if problems:
            return question_page(replace(shown, problems=problems), 400)
        if not form.get(CHECKED) and here.decided is None:
            return check_page(shown, carried(form))
        person = member_of(here.team, typed.person, typed.person_name)
        offer = Offer(decision, typed.answer, fields, typed.reasons, Channel.LINK, person)
        async with self.door.pool.acquire() as connection:
            outcome = await record_decision(connection, here.gate.gate, here.asked, offer)
        return await self._after(here, offer, outcome)

    async def _after(self, here: Arrival, offer: Offer, outcome: Outcome) -> Response:
        standing = outcome.decided
        if standing is None:
            words = Ours("It was withdrawn or given to somebody else while you were typing, so nothing was recorded.")
            raise Turned(410, Ours("This question has just been closed"), words)
        if standing.decision != offer.decision:
            return replace(here, decided=standing).decided_page()
        receipt = await receipt_for(self.delivery, here.gate, standing)
        if receipt and not receipt.applied:
            words = Ours("It is kept in the record. You get an email that says why, and what to do next.")
            raise Turned(409, Ours("Your answer could not be used"), words)
        # A page of its own, so that neither going back nor loading it again sends the answer once more.
        return RedirectResponse(f"/a/{here.token}/receipt", 303)

    async def receipt(self, request: Request) -> Response:
        """Show what was recorded and whether it has been applied, to whoever answered by this link. Writes nothing."""
        here = await self.door.arrival(request)
        if here.session is None or here.decided is None:
            return to_question(here)
        own_session(here)
        standing = here.decided
        if not same_person(standing.by_email or "", here.asked.email):
            return here.decided_page()
        return page(
            "receipt.html",
            200 if standing.is_applied else 202,
            gate=here.gate,
            question=here.question,
            decided=standing,
            answer=here.question.answer(standing.answer),
            applied=standing.is_applied,
        )


def typed_on(here: Arrival, form: FormData) -> Typed:
    """Read what was typed on this question's page."""
    return read_form(here.question, [*carried(form), ("add", str(form.get("add", "")))])


def own_session(here: Arrival) -> Session:
    """Return the session of the person whom the link belongs to. Raises Turned for anybody else's."""
    if here.session is None or here.is_foreign:
        words = Ours("You are signed in as somebody else. Only the person who was asked can see and answer this.")
        raise Turned(
            403, Ours("This link belongs to somebody else"), words, Ours("If it is yours, sign in."), again=True
        )
    return here.session


def _decision_id(here: Arrival, typed: Typed) -> UUID:
    person = f"{typed.person} {typed.person_name}".strip() if here.asked.team is not None else ""
    return decision_id(here.gate.gate, typed.attempt, typed.answer, typed.fields(here.question), typed.reasons, person)


def sign_in_again(here: Arrival, form: FormData) -> Response:
    """Nobody is signed in any more: what was typed goes along to the sign-in and comes back after it."""
    if here.decided:
        return here.decided_page()
    return page(
        "retry.html",
        403,
        title=Ours("You have been signed out"),
        words=[Ours("That happens after half an hour. What you typed is kept: sign in and it is shown again.")],
        action=f"/a/{here.token}/start",
        button=Ours("Sign in"),
        carried=carried(form),
    )


def look_again(here: Arrival, session: Session, form: FormData) -> Response:
    """The page came from an earlier sign-in: nothing is recorded until it is sent from this one."""
    if here.decided:
        return here.decided_page()
    return question_page(here.shown(session, typed_on(here, form)), 403)


def _file_first(here: Arrival, session: Session, form: FormData) -> Response:
    """A file was chosen and not sent: what stands in the page may not be what is meant."""
    problems = [Problem(name, words) for name, words in _FILES.items() if form.get(name)]
    return question_page(here.shown(session, typed_on(here, form), problems), 400)


def _without_file(here: Arrival, answer: str) -> list[Problem]:
    """A translation is a file: it is given back on this page before the answer says that it is there."""
    if here.question.key != LANGUAGE or answer != "translated":
        return []
    last = here.files.translations[-1:]
    if not last:
        return [Problem("translation", Ours("Give the file of the translation back first; nothing was given back yet"))]
    if last[0].has_leaks:
        return [
            Problem("translation", Ours("Something in the last file must not leave: give a corrected one back first"))
        ]
    return []


def send_again(request: Request, form: FormData) -> Response:
    """The record cannot be reached: the page itself holds what was typed until it can."""
    kept = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return page(
        "retry.html",
        503,
        title=Ours("Your answer is not recorded yet"),
        words=[
            Ours(
                "The record cannot be reached just now. What you typed stands in this page: wait a minute, send again."
            )
        ],
        action=request.url.path,
        button=Ours("Send it again"),
        carried=kept,
    )
