"""Invented messages that came back to a letter, each in the form of the mail program or server that writes it."""

BOUNDARY = "=_invented_boundary"

LETTER = """\
From: Serious Further Offence case service <sfo@example.test>
To: Example Person <person@n53.example.test>
Subject: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027
Message-ID: <invented@example.test>

Dear Example Person
"""


def report(status: str, words: str, sender: str, headers: str = "", subject: str = "Undeliverable") -> str:
    """A report in the form of RFC 3464, with the letter that it returns."""
    return f"""\
From: {sender}
Subject: {subject}
{headers}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{BOUNDARY}"

This is a MIME-encapsulated message.

--{BOUNDARY}
Content-Type: text/plain; charset=us-ascii

{words}

--{BOUNDARY}
Content-Type: message/delivery-status

{status}

--{BOUNDARY}
Content-Type: message/rfc822

{LETTER}
--{BOUNDARY}--
"""


def words(sender: str, subject: str, body: str, headers: str = "") -> str:
    return f"From: {sender}\nSubject: {subject}\n{headers}Content-Type: text/plain; charset=utf-8\n\n{body}\n"


POSTFIX = report(
    """\
Reporting-MTA: dns; mx.n53.example.test
X-Postfix-Queue-ID: 4INVENTED
Arrival-Date: Mon,  5 Oct 2026 10:00:00 +0100 (BST)

Final-Recipient: rfc822; person@n53.example.test
Original-Recipient: rfc822;person@n53.example.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.n53.example.test
Diagnostic-Code: smtp; 550 5.1.1 <person@n53.example.test>: Recipient address
    rejected: User unknown in virtual mailbox table""",
    "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.",
    "MAILER-DAEMON@mx.n53.example.test (Mail Delivery System)",
    "Auto-Submitted: auto-replied\n",  # Postfix marks its reports so, and nobody is away
    "Undelivered Mail Returned to Sender",
)
EXCHANGE = report(
    """\
Reporting-MTA: dns;mx.exchange.example.test
Received-From-MTA: dns;mail.example.test
Arrival-Date: Mon, 5 Oct 2026 09:00:00 +0000

Original-Recipient: rfc822;person@n53.example.test
Final-Recipient: rfc822;person@n53.example.test
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: person@n53.example.test""",
    "Delivery has failed to these recipients or groups:\n\nperson@n53.example.test",
    "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@n53.example.test>",
    "X-MS-Exchange-Message-Is-Ndr:\nAuto-Submitted: auto-replied\n",
    "Undeliverable: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027",
)
EXCHANGE_EXPIRED = report(
    """\
Reporting-MTA: dns;mx.exchange.example.test

Final-Recipient: rfc822;person@n53.example.test
Action: failed
Status: 4.4.7
Diagnostic-Code: smtp;550 4.4.7 QUEUE.Expired; message expired""",
    "Delivery has failed.",
    "postmaster@n53.example.test",
)
GMAIL = report(
    """\
Reporting-MTA: dns; googlemail.example.test
Received-From-MTA: dns; sfo@example.test
Arrival-Date: Mon, 05 Oct 2026 02:00:00 -0700 (PDT)
X-Original-Message-ID: <invented@example.test>

Final-Recipient: rfc822; person@n53.example.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Mon, 05 Oct 2026 02:00:01 -0700 (PDT)""",
    "** Address not found **\n\nYour message wasn't delivered to person@n53.example.test",
    "Mail Delivery Subsystem <mailer-daemon@googlemail.example.test>",
    "Auto-Submitted: auto-replied\nX-Failed-Recipients: person@n53.example.test\n",
    "Delivery Status Notification (Failure)",
)
QMAIL = words(
    "MAILER-DAEMON@mx.n53.example.test",
    "failure notice",
    """\
Hi. This is the qmail-send program at mx.n53.example.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<person@n53.example.test>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

"""
    + LETTER,
)
EXIM = words(
    "Mail Delivery System <Mailer-Daemon@mx.n53.example.test>",
    "Mail delivery failed: returning message to sender",
    "This message was created automatically by mail delivery software.\n\n  person@n53.example.test\n    Unknown user",
    "X-Failed-Recipients: person@n53.example.test\nAuto-Submitted: auto-replied\n",
)
DELAYED = report(
    """\
Reporting-MTA: dns; mail.example.test

Final-Recipient: rfc822; person@n53.example.test
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.n53.example.test: Connection timed out
Will-Retry-Until: Sat, 10 Oct 2026 10:00:00 +0100 (BST)""",
    "THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE.",
    "MAILER-DAEMON@mail.example.test (Mail Delivery System)",
    "Auto-Submitted: auto-replied\n",
    "Delayed Mail (still being retried)",
)
DELIVERED = report(
    "Reporting-MTA: dns; mx.example.test\n\nFinal-Recipient: rfc822; person@n53.example.test\n"
    "Action: delivered\nStatus: 2.0.0",
    "Your message was delivered.",
    "postmaster@n53.example.test",
)
EXCHANGE_AWAY = words(
    "Example Person <person@n53.example.test>",
    "Automatic reply: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027",
    "I am on invented leave until Monday.",
    "In-Reply-To: <invented@example.test>\nX-MS-Has-Attach:\nX-Auto-Response-Suppress: All\n"
    "X-MS-Exchange-Inbox-Rules-Loop: person@n53.example.test\nAuto-Submitted: auto-generated\n",
)
EXCHANGE_AWAY_BY_SUBJECT = words(
    "Example Person <person@n53.example.test>",
    "=?utf-8?q?Automatic_reply=3A_SFO-2026-00042?=",
    "I am on invented leave until Monday.",
)
OUTLOOK_AWAY = words("person@n53.example.test", "Out of Office: SFO-2026-00042: Notify", "Invented leave.")
WELSH_AWAY = words("person@n03.example.test", "Ymateb awtomatig: SFO-2026-00042: Notify", "Gwyliau dychmygol.")
GMAIL_AWAY = words(
    "Example Person <person@googlemail.example.test>",
    "Re: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027",
    "I am away.",
    "Auto-Submitted: auto-replied\nPrecedence: bulk\nX-Autoreply: yes\n",
)
SIEVE_AWAY = words(
    "person@n53.example.test", "Auto: SFO-2026-00042: Notify", "Away.", "Auto-Submitted: auto-replied (vacation)\n"
)
OLD_AWAY = words("person@n53.example.test", "Re: your mail", "Away.", "Precedence: auto_reply\nX-Autorespond: away\n")
READ_RECEIPT = f"""\
From: Example Person <person@n53.example.test>
Subject: Read: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="{BOUNDARY}"

--{BOUNDARY}
Content-Type: text/plain

Your message was read on Monday.

--{BOUNDARY}
Content-Type: message/disposition-notification

Final-Recipient: rfc822;person@n53.example.test
Original-Message-ID: <invented@example.test>
Disposition: automatic-action/MDN-sent-automatically; displayed

--{BOUNDARY}--
"""
ANSWER = words(
    "Example Person <person@n53.example.test>",
    "Re: SFO-2026-00042: Notify the HMPPS SFO Team, by 12 March 2027",
    "Thank you, I have sent it. It failed at first: the report said Action: failed and Status: 5.1.1.",
    "Auto-Submitted: no\n",
)
UNCLEAR = words("MAILER-DAEMON@mx.n53.example.test", "Something", "Words that say nothing of a delivery.")
