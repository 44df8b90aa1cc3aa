"""A mail server that refuses what it is told to, and counts the letters that it was given."""

from aiosmtpd.smtp import SMTP, Envelope, Session


class Strict:
    """A mail server that takes no tagged sender, or no recipient."""

    def __init__(self, *, sender: str = "250 OK", recipient: str = "250 OK") -> None:
        self.sender, self.recipient, self.letters = sender, recipient, 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.letters += 1
        return "250 OK"
