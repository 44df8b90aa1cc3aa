"""The review on paper: from a question's page as a Word file, and back onto the page. Nothing is recorded here."""

import asyncio
import logging
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import asyncpg
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.arrivals import Arrival, Door
from starter.connections import OUT_OF_REACH
from starter.deciding import look_again, own_session, send_again, sign_in_again, typed_on
from starter.forms import typed_from
from starter.protection import LARGEST_BODY
from starter.versions import latest, version_of
from starter.views import IN_WORD, Shown, Turned, question_page
from starter.welsh import Ours
from starter.word import LARGEST_FILE, Paper, WordError, not_shown
from starter.word_in import from_word
from starter.word_out import to_word
from workflows.policy.answers import Problem, check_answer

_LOG = logging.getLogger(__name__)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_VERSION = re.compile(r"v([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class OnPaper:
    """Serves `/a/{token}/review.docx`, to the person who was asked and nobody else."""

    door: Door

    async def download(self, request: Request) -> Response:
        """Hand out the version that the page shows; to the author the latest one, or the empty form."""
        here = await self.door.arrival(request)
        if here.session is None:
            return RedirectResponse(f"/a/{here.token}", 303)
        own_session(here)
        if here.decided:
            return here.decided_page()
        if here.question.key not in IN_WORD:
            raise Turned(404, Ours("There is no such page"), Ours("Open the link in your email again."))
        version, document = await self._version(here)
        reference, is_author = here.gate.reference, here.question.key == "draft"
        options = here.gate.page.get("options", {}) if is_author else await self._roles(reference)
        made = partial(to_word, reference=reference, version=version, options=options, is_for_editing=is_author)
        data = await asyncio.to_thread(made, document)
        return Response(data, media_type=WORD, headers={"Content-Disposition": _attachment(reference, version)})

    async def _version(self, here: Arrival) -> tuple[int, dict[str, Any]]:
        about = _VERSION.fullmatch(here.gate.subject or "")
        async with self.door.pool.acquire() as connection:
            if about is None:
                return await latest(connection, here.gate.reference)
            found = await version_of(connection, here.gate.reference, int(about[1]))
        return int(about[1]), found or {}

    async def _roles(self, reference: str) -> dict[str, Any]:
        """Who owns an action, for a reader: the role in the case, since the review names nobody."""
        async with self.door.pool.acquire() as connection:
            staff = await connection.fetch("SELECT ref, role FROM sfo.staff WHERE reference = $1", reference)
        roles = ((row["ref"], row["role"].replace("_", " ").replace("pdu", "PDU")) for row in staff)
        return {"actions": [{"value": ref, "label": f"{role} ({ref})"} for ref, role in roles]}

    async def send_back(self, request: Request) -> Response:
        """Show the draft's page filled with what the file holds and what is wrong with it; nothing is recorded."""
        async with request.form(max_files=1, max_fields=2_000, max_part_size=LARGEST_BODY) as form:
            try:
                here = await self.door.arrival(request)
                if here.session is None:
                    return sign_in_again(here, form)
                session = own_session(here)
                if here.decided:
                    return here.decided_page()
                if here.question.key != "draft":
                    raise Turned(404, Ours("There is no such page"), Ours("Open the link in your email again."))
                if form.get("csrf") != session.csrf:  # the page is from an earlier session of the same person
                    return look_again(here, session, form)
                typed = typed_on(here, form)
                return await self._shown(Shown(here.token, here.gate, here.question, session.csrf, typed), form)
            except (*OUT_OF_REACH, asyncpg.PostgresError):
                _LOG.exception("the record was out of reach when a file came back")
                return send_again(request, form)

    async def _shown(self, shown: Shown, form: FormData) -> Response:
        gate = shown.gate
        try:
            data = await _file(form)
            paper = await asyncio.to_thread(
                from_word, data, reference=gate.reference, options=gate.page.get("options", {})
            )
        except WordError as error:
            there = replace(shown.typed, answer="draft_ready")
            return question_page(replace(shown, typed=there, problems=_on_page(error)), 400)
        async with self.door.pool.acquire() as connection:
            newest, _ = await latest(connection, gate.reference)
        typed = replace(typed_from(paper.document, shown.typed.attempt), reasons=shown.typed.reasons)
        fields = typed.fields(shown.question)
        problems = check_answer(shown.question, typed.answer, fields, typed.reasons, gate.page_today())
        strange = not_shown(paper.document, gate.page.get("options", {}))
        remarks = (
            Ours("This page now holds what your file holds. It is not recorded yet."),
            *remarks_on(paper, newest),
            *(f"{one} Choose or enter it again below." for one in strange),
        )
        return question_page(replace(shown, typed=typed, problems=problems, remarks=remarks), 400 if problems else 200)


def remarks_on(paper: Paper, newest: int) -> tuple[str, ...]:
    """Say what a person should know about a file before it is recorded: what was left out, that it is an old one."""
    if paper.version == newest:
        return paper.remarks
    made = f"version {paper.version}" if paper.version else "the empty form"
    return (
        f"The file was made from {made}, and version {newest} is the latest: look for what it lacks.",
        *paper.remarks,
    )


def _attachment(reference: str, version: int) -> str:
    return f'attachment; filename="{reference}-review{f"-v{version}" if version else ""}.docx"'


async def _file(form: FormData) -> bytes:
    """Return the file that was sent, and no more of it than is allowed and one byte."""
    sent = form.get("paper")
    data = await sent.read(LARGEST_FILE + 1) if isinstance(sent, UploadFile) else b""
    if not data:
        raise WordError(Problem("file", Ours("Choose the Word file that you edited")))
    return data


def _on_page(error: WordError) -> list[Problem]:
    """Name problems as the page does. It shows one message a place; the file's input takes all of the file's."""
    of_file = " ".join(f"{p.message.rstrip('.')}." for p in error.problems if p.field == "file")
    return [*([Problem("paper", of_file)] if of_file else []), *(p for p in error.problems if p.field != "file")]
