"""What a letter says to mail programs: which service and case it belongs to, and who answers it."""

from email.headerregistry import Address
from email.message import EmailMessage

_LIST = "Serious Further Offence cases"


def with_headers(message: EmailMessage, reference: str | None, reply_to: str) -> EmailMessage:
    """The message as part of its case's thread, if it has one, marked as sent by a service; answers go to people."""
    domain = message["From"].addresses[0].domain
    message["Reply-To"] = Address(addr_spec=reply_to)
    # No letter has this id: it is the case itself, and mail programs that go by ids show its letters as one thread.
    if reference:
        message["In-Reply-To"] = message["References"] = f"<{reference}@{domain}>"
    # RFC 2919. Everybody's rule can find our mail by it. No `Precedence`: it would keep out-of-office notes away.
    message["List-Id"] = f'"{_LIST}" <sfo-cases.{domain}>'
    message["Auto-Submitted"] = "auto-generated"
    # Exchange: no receipts for what was delivered, read or deleted unread. Failures (NDR) and out-of-office notes
    # (OOF) must come, because a question climbs by them; `All` would hide them. [MS-OXCMAIL] 2.1.3.2.20.
    message["X-Auto-Response-Suppress"] = "DR, RN, NRN"
    return message
