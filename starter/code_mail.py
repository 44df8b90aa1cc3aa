"""The email with a one-time code: the gateway's own, since it must go at once or not at all."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid

from starter.identity import CODE_LASTS
from starter.mailer import SmtpMailer
from starter.record import Asked
from starter.welsh import Ours, in_each
from workflows.contract.directory import Person

_BODY = Ours(
    """\
Dear %(name)s

Your code is

%(code)s

It works for %(minutes)s minutes, on the page that asked for it, for a question in case %(reference)s.

If you did not ask for a code, somebody else has opened your link. They cannot go on without this code:
give it to nobody, and tell your regional SFO Team.

With kind regards
Serious Further Offence case service
"""
)
_SUBJECT = Ours("%(reference)s: Your code")
_OPERATIONS_BODY = """\
Dear %(name)s

Your code is

%(code)s

It works for %(minutes)s minutes, on the page for operations that asked for it.

If you did not ask for a code, somebody else has typed your address there. They cannot go on without this code:
give it to nobody, and tell whoever runs the service.

With kind regards
Serious Further Offence case service
"""
_OPERATIONS_SUBJECT = "Operations: your code"
_MINUTES = int(CODE_LASTS.total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class CodeMail:
    """Sends codes, from a page in Welsh with the Welsh first. `sender` is the address that they come from.

    `reply_to` is that of the people who read answers.
    """

    mailer: SmtpMailer
    sender: str
    reply_to: str

    async def send(self, to: Asked, reference: str, code: str) -> bool:
        """Send a code to the person whom a link belongs to. False: refused for good. Raises MailTroubleError."""
        subjects = [words % {"reference": reference} for words in in_each(_SUBJECT)]
        subject = " | ".join([subjects[0], *(one.removeprefix(f"{reference}: ") for one in subjects[1:])])
        gaps = {"name": to.name, "code": code, "minutes": _MINUTES, "reference": reference}
        body = "\n* * *\n\n".join(words % gaps for words in in_each(_BODY))
        return (await self.mailer.send(self._message(to.name, to.email, subject, body))).accepted

    async def send_to_operations(self, to: Person, code: str) -> bool:
        """Send a code to somebody of operations, who came without a link. Otherwise as above."""
        body = _OPERATIONS_BODY % {"name": to.name, "code": code, "minutes": _MINUTES}
        return (await self.mailer.send(self._message(to.name, to.email, _OPERATIONS_SUBJECT, body))).accepted

    def _message(self, name: str, email: str, subject: str, body: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = Address("Serious Further Offence case service", addr_spec=self.sender)
        message["To"] = Address(name, addr_spec=email)
        message["Reply-To"] = Address(addr_spec=self.reply_to)
        message["Subject"] = subject
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"  # whoever asked for it is at the keyboard
        message.set_content(body, cte="quoted-printable")
        return message
