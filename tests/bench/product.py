"""The whole product as a contender: the real worker, and people who answer as through the gateway."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

from temporalio.client import Client

from deploy.embedded.process import Command
from starter.connections import temporal_client
from starter.delivery import Delivery
from starter.intake import Pace, open_case
from starter.keys import KeyRing
from starter.record import Asked, Offer, record_decision
from starter.reports import report_court_event
from starter.rollout import make_current
from starter.script import USUAL, Line
from starter.settings import Settings
from tests.bench.contenders import Contender
from tests.bench.floor import Shape
from tests.bench.site import Site
from tests.drills.worker_memory import a_charge, worker_command
from tests.workflows.people import fields_of
from workflows.contract.charge import Charge
from workflows.contract.vocabulary import Channel, CourtEventKind, Rosh, Rung
from workflows.policy.due import on_in_london

ANSWERS = USUAL | {"rosh": Line("never_assessed")}
BY_RISK = "COML020"
"""An offence that is reviewed only where the risk was assessed as high."""
RULEBOOK = Path(__file__).parents[2] / "deploy" / "rulebook"


class Product(Contender):
    """Every stage from charge to closed in real time, every question answered as soon as it is asked."""

    name = "product"
    schema = "sfo"
    runs_on_temporal = True
    first_question: ClassVar[str] = "notification/notification"

    def __init__(self, site: Site, shape: Shape) -> None:
        super().__init__(site, shape)
        rules = site.folder / "rulebook"
        if not rules.exists():
            _without_time_to_prepare(rules)
        self.settings = Settings.from_environment(
            {
                "SFO_DATABASE_URL": site.app_url,
                "SFO_TEMPORAL_ADDRESS": site.temporal,
                "SFO_SMTP_URL": site.smtp_url,
                "SFO_PUBLIC_URL": "http://sfo.example.test",
                "SFO_RULEBOOK_DIR": str(rules),
                **_keys(site.folder / "keys.json"),
            }
        )

    async def prepare(self) -> None:
        """A client that encrypts, as the gateway's."""
        self.client: Client = await temporal_client(self.settings)
        self.delivery = Delivery(self.client, self.pool)

    async def begin(self) -> None:
        """The worker, which gets work once its build is current."""
        await super().begin()
        await make_current(self.client, build_id=self.settings.build_id, timeout=timedelta(minutes=2))

    def command(self) -> Command:
        """The worker as it is shipped."""
        return worker_command(self.site.folder, self.settings)

    def charge(self, number: int) -> Charge:
        """What is reported: nothing has to be asked before the review is due."""
        return a_charge(number)

    async def open(self, number: int) -> str:
        """A charge is reported."""
        async with self.pool.acquire() as connection:
            opened = await open_case(connection, self.charge(number), Pace())
        await self.delivery.start_case(opened.reference)
        return opened.reference

    async def close_later(self, reference: str) -> None:
        """The court convicts, so that disclosure has its turn."""
        async with self.pool.acquire() as connection:
            today = on_in_london(datetime.now(UTC))
            event, _ = await report_court_event(connection, reference, CourtEventKind.CONVICTED, today)
        await self.delivery.deliver_court_event(event)

    async def answer(self, gate: str) -> UUID:
        """What the gateway does once the page has been read and checked."""
        row = await self.pool.fetchrow("SELECT * FROM sfo.gates WHERE gate = $1", gate)
        assert row is not None, gate
        line = _line(str(row["question"]))
        fields = fields_of(dict(row), line, on_in_london(datetime.now(UTC)))
        offer = Offer(uuid4(), line.answer, fields, line.reasons or None, Channel.LINK)
        async with self.pool.acquire() as connection:
            asked = Asked(row["person_email"], row["person_name"], Rung.ASKED)
            outcome = await record_decision(connection, gate, asked, offer)
        assert outcome.is_new, gate
        await self.delivery.deliver_decision(offer.decision)
        return offer.decision

    async def receipt(self, gate: str, decision: UUID) -> bool:
        """As the gateway asks for it."""
        found = await self.delivery.receipt(gate, decision)
        assert found.applied, f"{gate}: {found}"
        return True


class ProductAtCharge(Product):
    """The same; a case that is left open waits at the very first question, two workflows and not four."""

    name = "product-at-charge"
    first_question: ClassVar[str] = "charge/rosh"

    def charge(self, number: int) -> Charge:
        """Whether a review is due depends on what was assessed before, which is not recorded."""
        charge = super().charge(number)
        offence = charge.offences[0].model_copy(update={"code": BY_RISK})
        return charge.model_copy(update={"offences": (offence,), "rosh_highest": Rosh.NOT_RECORDED})


def _line(question: str) -> Line:
    return ANSWERS[question]


def _keys(path: Path) -> dict[str, str]:
    if not path.exists():
        names = ("SFO_LINK_KEYS", "SFO_PAYLOAD_KEYS")
        path.write_text(json.dumps({name: KeyRing.generate().encode() for name in names}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def _without_time_to_prepare(to: Path) -> None:
    """The rulebook in force, but that an interview may be held on the day of the invitation: a run has no week."""
    shutil.copytree(RULEBOOK, to)
    for file in to.glob("*.toml"):
        head, part, tail = file.read_text().partition("[interview_preparation]")
        assert part, file
        rest = tail.split("\n", 2)
        assert rest[1].startswith("value = "), rest[1]
        file.write_text("\n".join([head + part + rest[0], "value = 0", rest[2]]))
