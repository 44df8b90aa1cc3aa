"""The link gateway: the one place where people answer. Builds the web application and serves it beside the relay."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from starter.absence_page import Away
from starter.amazon import Queue, Topic
from starter.arrivals import Door
from starter.asking_for_time import AskingForTime
from starter.case_events import CaseEvents
from starter.case_keys import CaseKeys
from starter.case_page import CasePage
from starter.code_mail import CodeMail
from starter.codec import Codec
from starter.connections import OUT_OF_REACH, Pool, database_pool, temporal_client
from starter.court_queue import CourtQueue
from starter.deciding import Deciding
from starter.delivery import Delivery
from starter.health import health_routes, probes_of
from starter.identities import Identities
from starter.language import Languages
from starter.mailbox import mailbox_routes
from starter.mailer import SmtpMailer
from starter.measures import start_at_nothing, watch_pool
from starter.mine import Mine
from starter.national import National
from starter.notify_receipts import receipt_routes
from starter.operations import Operations
from starter.opting_in_pages import OptingIn
from starter.paper import OnPaper
from starter.payloads import EncryptionCodec
from starter.protection import Protection
from starter.provider import Provider, provider_of
from starter.reachable import Reachable
from starter.reconciling import Reconciliation
from starter.relay import Relay
from starter.rendition_pages import RenditionPages
from starter.returned_mail import ReturnedMail
from starter.running import remembered
from starter.schema import at_work_as
from starter.settings import Settings
from starter.signing_in import SigningIn
from starter.telemetry import start_telemetry
from starter.temporal_connection import keep_renewed
from starter.views import PAGES, Turned, page, turned_page
from starter.welsh import Ours

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 10


def gateway_app(settings: Settings, pool: Pool, delivery: Delivery, mailer: SmtpMailer) -> ASGIApp:
    """Build the application over what it talks to; nothing is opened or closed here."""
    door, mail = Door(settings, pool), CodeMail(mailer, settings.mail_from, settings.reply_to)
    signing_in, deciding = SigningIn(door, mail), Deciding(door, delivery)
    paper, more_time = OnPaper(door), AskingForTime(door, delivery)
    files, opting_in = RenditionPages(door), OptingIn(door, delivery)
    away = Away(door)
    national, provider = National(door, delivery), provider_of(settings)
    routes: list[Route | Mount] = [
        Route("/a/{token}", signing_in.landing),
        *_sign_in(door, provider, signing_in, Operations(door, mail, by_code=provider is None)),
        Route("/a/{token}/decide", deciding.question),
        Route("/a/{token}/decide", deciding.decide, methods=["POST"]),
        Route("/a/{token}/receipt", deciding.receipt),
        Route("/a/{token}/review.docx", paper.download),
        Route("/a/{token}/review.docx", paper.send_back, methods=["POST"]),
        Route("/a/{token}/more-time", more_time.form),
        Route("/a/{token}/more-time", more_time.ask, methods=["POST"]),
        Route("/a/{token}/rendition.{format}", files.download),
        Route("/a/{token}/translation", files.translation, methods=["POST"]),
        Route("/a/{token}/opt-in", opting_in.form),
        Route("/a/{token}/opt-in", opting_in.opt_in, methods=["POST"]),
        Route("/my", Mine(door).show),
        Route("/my/absence", away.show),
        Route("/my/absence", away.set, methods=["POST"]),
        Route("/my/absence/end", away.end, methods=["POST"]),
        Route("/national", national.show),
        Route("/national/acknowledge", national.acknowledge, methods=["POST"]),
        Route("/case/{reference}", CasePage(door).show),
        *_codec(Codec(door, EncryptionCodec(settings.payload_keys, CaseKeys.of(settings)))),
        Route("/accessibility", _accessibility),
        Mount("/static", StaticFiles(directory=PAGES / "static")),
        *receipt_routes(settings, pool),
        *health_routes(settings, pool, delivery.client),
        *(mailbox_routes(settings.mailbox_dir) if settings.mailbox_dir else ()),
    ]
    handlers = {Turned: _turned, HTTPException: _not_here, **dict.fromkeys(_AWAY, _away)}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a redirect would be built from the Host header, which anybody can send
    protected = Protection(app, settings.public_url, [provider.origin] if provider else [])
    return Languages(protected, is_https=door.is_https)


def _sign_in(door: Door, provider: Provider | None, by_code: SigningIn, operations: Operations) -> list[Route]:
    """By an identity of the organisation where there is a provider, and then by no code."""
    anyway = [
        Route("/operations", operations.show),
        Route("/operations/person", operations.person, methods=["POST"]),
        Route("/operations/sign-out", operations.sign_out, methods=["POST"]),
    ]
    if provider is None:
        return [
            *anyway,
            Route("/a/{token}/start", by_code.start, methods=["POST"]),
            Route("/a/{token}/code", by_code.code, methods=["POST"]),
            Route("/operations/start", operations.start, methods=["POST"]),
            Route("/operations/code", operations.code, methods=["POST"]),
        ]
    identities = Identities(door, provider)
    return [
        *anyway,
        Route("/a/{token}/start", identities.start, methods=["POST"]),
        Route("/operations/start", identities.start_without_a_link, methods=["POST"]),
        Route("/signed-in", identities.back),
    ]


def _codec(codec: Codec) -> list[Route]:
    methods = ["POST", "OPTIONS"]
    return [
        Route("/codec/decode", codec.decode, methods=methods),
        Route("/codec/encode", codec.encode, methods=methods),
    ]


async def _accessibility(_: Request) -> Response:
    return page("accessibility.html")


_AWAY = (*OUT_OF_REACH, asyncpg.PostgresError)


async def _turned(request: Request, error: Exception) -> Response:
    assert isinstance(error, Turned)  # noqa: S101  # that is what it is registered for
    return turned_page(error, request.path_params.get("token", ""))


async def _not_here(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    title = Ours("There is no such page") if status == 404 else Ours("This cannot be done here")
    return turned_page(Turned(status, title, Ours("Open the link in your email again.")))


async def _away(_: Request, error: Exception) -> Response:
    _LOG.error("the record cannot be reached", exc_info=error)
    words = Ours("The record cannot be reached just now. Nothing is lost; please try again in a minute.")
    return turned_page(Turned(503, Ours("Not just now"), words))


async def run_gateway(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way, ten seconds at most.

    Comes up without database, Temporal or mail; `/health` says what is missing and pages say it kindly.
    """
    telemetry = start_telemetry(settings, "gateway")
    client = await temporal_client(settings, telemetry, lazy=True)
    name = at_work_as("sfo-gateway", settings.build_id)
    async with telemetry.running(), database_pool(settings, service=name, attempts=0, max_size=16) as pool:
        start_at_nothing()
        watch_pool(pool)
        delivery = Delivery(client, pool)
        app = gateway_app(settings, pool, delivery, SmtpMailer(settings.smtp_url))
        with remembered(settings):
            compared = Reconciliation.of(settings, delivery, pool)
            relay = Relay(delivery, pool, settings.data_dir, _returned_mail(settings, pool), compared)
            async with (
                _domain_events(settings, pool),
                _beside(relay.run()),
                _beside(Reachable(probes_of(settings, pool, client), client).run()),
                _beside(keep_renewed(client, settings)),
            ):
                await _server(app, settings).serve()


@asynccontextmanager
async def _domain_events(settings: Settings, pool: Pool) -> AsyncIterator[None]:
    """Court events in and case events out, each where it is set; otherwise nothing runs and no SDK is loaded."""
    queue, topic = Queue.of(settings), Topic.of(settings)
    async with AsyncExitStack() as beside:
        if queue:
            await beside.enter_async_context(_beside(CourtQueue(queue, pool).run()))
        if topic:
            await beside.enter_async_context(_beside(CaseEvents(topic, pool).run()))
        yield


def _returned_mail(settings: Settings, pool: Pool) -> ReturnedMail | None:
    if settings.bounce_dir is None:
        return None
    return ReturnedMail(pool, settings.bounce_dir, settings.bounce_address, settings.link_keys.readable)


class _Server(uvicorn.Server):
    """Stops on SIGTERM and SIGINT, and leaves it at that.

    uvicorn would send itself the signal once more afterwards, and the process would die before it had tidied up.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


def _server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            host=settings.gateway_host,
            port=settings.gateway_port,
            access_log=False,  # it would write tokens; `Protection` writes its own
            log_config=None,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
