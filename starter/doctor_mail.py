"""The checks of the mail path: the server, which sender it takes, the Maildir of what comes back. Nothing is sent."""

import asyncio
import os
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiosmtplib

from starter.doctor import Check, Finding, Level, NotLookedAtError, Practice, ago
from starter.mailer import SmtpMailer
from workflows.policy.returns import return_address

MAIL = ("SFO_SMTP_URL",)
UNREAD = timedelta(minutes=10)
_AWAY = (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPServerDisconnected, OSError)


_NOT_NEEDED = Finding(Level.OK, "no mail server is set and none is needed: letters go by Notify, and no code is mailed")


async def _mail(practice: Practice) -> Finding:
    if not practice.settings.smtp_url:
        return _NOT_NEEDED
    started = time.monotonic()
    server = _server(practice)
    try:
        async with server:
            took = f"{(time.monotonic() - started) * 1000:.0f} ms"
    except aiosmtplib.SMTPAuthenticationError as error:
        remedy = "correct user and password in SFO_SMTP_URL; write signs such as @ as %40"
        return Finding(Level.FAIL, f"the mail server refuses the login: {error.code}", remedy)
    except (ssl.SSLError, ssl.CertificateError):
        remedy = "let the server's certificate name this host and come from an authority that this machine trusts"
        return Finding(Level.FAIL, "the mail server's certificate is not good", remedy)
    except _AWAY as error:
        remedy = (
            "see whether it runs and whether SFO_SMTP_URL names it; letters wait in the outbox and nobody can sign in"
        )
        return Finding(Level.AWAY, f"the mail server does not answer: {type(error).__name__}", remedy)
    except aiosmtplib.SMTPException as error:
        remedy = "correct SFO_SMTP_URL: smtp:// is plain, smtp+starttls:// and smtps:// are encrypted"
        return Finding(Level.FAIL, f"the mail server does not work as configured: {type(error).__name__}", remedy)
    scheme = practice.settings.smtp_url.partition(":")[0]
    how = {"smtp": "plain", "smtps": "by TLS", "smtp+starttls": "by STARTTLS"}[scheme]
    who = ", signed in" if "@" in practice.settings.smtp_url else ""
    return Finding(Level.OK, f"answers {how}{who} in {took}")


async def _sender(practice: Practice) -> Finding:
    """MAIL FROM with a return address as letters have it, RCPT to ourselves, then RSET: no letter leaves."""
    settings = practice.settings
    if not settings.smtp_url:
        return _NOT_NEEDED
    tagged = return_address(settings.bounce_address, uuid4().bytes, settings.link_keys.active)
    sender = settings.mail_from if settings.by_notify else tagged
    try:
        async with _server(practice) as server:
            try:
                await server.mail(sender)
            except aiosmtplib.SMTPResponseException as error:
                remedy = (
                    "allow the tagged sender there, or set SFO_BOUNCE_ADDRESS without *: see `Mail that comes back`"
                )
                return Finding(Level.FAIL, f"the mail server refuses our return address: {error.code}", remedy)
            try:
                await server.rcpt(settings.reply_to)
            except aiosmtplib.SMTPResponseException as error:
                remedy = (
                    "see whether SFO_REPLY_TO is a mailbox that exists; a server that asks first may say so for a while"
                )
                return Finding(Level.WARN, f"the mail server does not take mail to SFO_REPLY_TO: {error.code}", remedy)
            await server.rset()
    except (*_AWAY, aiosmtplib.SMTPException):
        raise NotLookedAtError("the mail server does not answer, see mail") from None
    kind = "a tagged return address" if "*" in settings.bounce_address else "the return address, which has no tag"
    kind = "SFO_MAIL_FROM, for codes alone," if settings.by_notify else kind
    return Finding(Level.OK, f"takes {kind} and SFO_REPLY_TO; nothing was sent")


def _server(practice: Practice) -> aiosmtplib.SMTP:
    return SmtpMailer(practice.settings.smtp_url, timeout=4).server()


async def _returned(practice: Practice) -> Finding:
    folder = practice.settings.bounce_dir
    if folder is None and practice.settings.by_notify:
        return Finding(Level.OK, "Notify says at /notify/callback what was not delivered")
    if folder is None:
        remedy = "set SFO_BOUNCE_DIR, so that a letter that comes back climbs at once: see `Mail that comes back`"
        return Finding(Level.WARN, "what comes back is not read", remedy)
    return await asyncio.to_thread(_maildir, folder, practice.now())


def _maildir(folder: Path, now: datetime) -> Finding:
    missing = [name for name in ("new", "cur", "tmp") if not (folder / name).is_dir()]
    if missing:
        remedy = "make the Maildir, or correct SFO_BOUNCE_DIR"
        return Finding(Level.FAIL, f"{folder} is no Maildir: it lacks {', '.join(missing)}", remedy)
    if not all(os.access(folder / name, os.R_OK | os.W_OK | os.X_OK) for name in ("new", "cur")):
        return Finding(Level.FAIL, f"{folder} may not be read and written", "give the gateway's user both rights")
    times = [path.lstat().st_mtime for path in (folder / "new").iterdir()]
    if not times:
        return Finding(Level.OK, f"{folder} can be read and written, and nothing waits there")
    oldest = datetime.fromtimestamp(min(times), UTC)
    said = f"{len(times)} messages wait in {folder}, the oldest since {ago(oldest, now)}"
    if now - oldest > UNREAD:
        return Finding(Level.WARN, said, "see whether a gateway with SFO_BOUNCE_DIR runs, which reads them")
    return Finding(Level.OK, said)


CHECKS = (
    Check("mail", _mail, MAIL),
    Check("mail-sender", _sender, (*MAIL, "SFO_BOUNCE_ADDRESS", "SFO_MAIL_FROM", "SFO_REPLY_TO", "SFO_LINK_KEYS")),
    Check("returned-mail", _returned, ("SFO_BOUNCE_DIR",)),
)
