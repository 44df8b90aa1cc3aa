"""The files of a rendition on a question's page: handed out as they stand, and a translation given back."""

import asyncio
import logging
from dataclasses import dataclass, replace

import asyncpg
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starter.arrivals import Arrival, Door
from starter.connections import OUT_OF_REACH
from starter.deciding import look_again, own_session, send_again, sign_in_again, typed_on
from starter.paper import WORD
from starter.protection import LARGEST_BODY
from starter.rendition_files import ENGLISH, LANGUAGE, SHUT, FileRefusedError, about, files_of, hand_out
from starter.translations import LARGEST_TRANSLATION, TranslationError, format_of, give_translation
from starter.views import Shown, Turned, question_page
from starter.welsh import Ours
from workflows.contract.rendition import FileFormat
from workflows.policy.answers import Problem

_LOG = logging.getLogger(__name__)

_TYPES = {FileFormat.HTML: "text/html", FileFormat.WORD: WORD, FileFormat.PDF: "application/pdf"}


@dataclass(frozen=True, slots=True)
class RenditionPages:
    """Serves `/a/{token}/rendition.{format}` and `/a/{token}/translation`, to the person who was asked."""

    door: Door

    async def download(self, request: Request) -> Response:
        """Hand the file out and note that it was; where something stands against it, say what, and note nothing."""
        if request.method == "HEAD":  # nothing is handed out, so nothing may be noted
            raise Turned(405, Ours("This cannot be done here"), Ours("Open the link in your email again."))
        here = await self._arrival(request)
        if here.session is None:
            return RedirectResponse(f"/a/{here.token}", 303)
        own_session(here)
        if here.decided:
            return here.decided_page()
        language, format_ = request.query_params.get("language", ENGLISH), _format(request)
        try:
            async with self.door.pool.acquire() as connection:
                handed = await hand_out(connection, here.gate, here.asked, language, format_)
        except FileRefusedError as refused:
            raise _shut(refused.code) from None
        headers = {"Content-Disposition": f'attachment; filename="{handed.name}"'}
        return Response(handed.data, media_type=_TYPES[handed.format], headers=headers)

    async def translation(self, request: Request) -> Response:
        """Take a translation, and show the page with what was given back; what was typed there is kept."""
        async with request.form(max_files=1, max_fields=2_000, max_part_size=LARGEST_BODY) as form:
            try:
                here = await self._arrival(request)
                if here.session is None:
                    return sign_in_again(here, form)
                session = own_session(here)
                if here.decided:
                    return here.decided_page()
                if here.question.key != LANGUAGE:
                    raise _no_such_page()
                if form.get("csrf") != session.csrf:  # the page is from an earlier session of the same person
                    return look_again(here, session, form)
                return await self._given(here, here.shown(session, typed_on(here, form)), form)
            except (*OUT_OF_REACH, asyncpg.PostgresError):
                _LOG.exception("the record was out of reach when a translation came")
                return send_again(request, form)

    async def _given(self, here: Arrival, shown: Shown, form: FormData) -> Response:
        data = await _file(form)
        try:
            format_ = await asyncio.to_thread(format_of, data)
            async with self.door.pool.acquire() as connection:
                given = await give_translation(connection, here.gate, here.asked, data, format_)
                files = await files_of(connection, here.gate)
        except TranslationError as error:
            return question_page(replace(shown, problems=(Problem("translation", str(error)),)), 400)
        if given is None:
            raise _shut("closed")
        typed = replace(shown.typed, answer=shown.typed.answer or "translated")
        return question_page(replace(shown, typed=typed, files=files, remarks=(given.in_words,)))

    async def _arrival(self, request: Request) -> Arrival:
        here = await self.door.arrival(request)
        if about(here.gate) is None:
            raise _no_such_page()
        return here


def _no_such_page() -> Turned:
    return Turned(404, Ours("There is no such page"), Ours("Open the link in your email again."))


def _shut(code: str) -> Turned:
    status = 404 if code == "no_such_file" else 409
    return Turned(status, Ours("This file cannot be handed out"), SHUT[code], Ours("Nothing was handed out."))


def _format(request: Request) -> FileFormat:
    try:
        return FileFormat(request.path_params["format"])
    except ValueError:
        raise _no_such_page() from None


async def _file(form: FormData) -> bytes:
    """Return the file that was sent, and no more of it than is allowed and one byte."""
    sent = form.get("translation")
    return await sent.read(LARGEST_TRANSLATION + 1) if isinstance(sent, UploadFile) else b""
