"""Who in the record and the directory is meant by a role, a staff number or a key, and how they are tied to a case.

Finds people and hands them to policy; whether one may act is decided in `workflows.policy.authority`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from activities.record import Connection, Row
from workflows.contract.directory import Directory, Person
from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy.authority import Involved, Ties
from workflows.policy.care import looked_after

# Roles that a case fills itself, by appointment.
APPOINTED = (Role.REVIEWING_MANAGER, Role.COUNTERSIGNING_MANAGER)
HMIP, HMIP_KEY = "hmip", "hmip.reviewer"  # HM Inspectorate of Probation and its reviewer, whom no directory lists
STAFF_KEY = "staff."  # before the number of someone who stands in the case but not in the directory
OFFICER = "Victim liaison officer"


@dataclass(frozen=True)
class Place:
    """Where people are looked for: one case, through one connection, in the directory of the day."""

    connection: Connection
    directory: Directory
    case: Row

    @property
    def reference(self) -> str:
        """The case's reference."""
        return str(self.case["reference"])

    async def holders(self, role: Role | None, subject: str | None) -> tuple[Person, ...]:
        """Everybody with this role in this case, the first one to be asked first; none: the person `subject`.

        For the lead of another region `subject` is that region's code.
        """
        match role:
            case None:
                return await self.staff("ref = $2", subject)
            case Role.ACTION_OWNER:
                return await self._owners(subject)
            case Role.PLAN_OWNER:
                return await self._plan_owners(subject)
            case Role.VICTIM_LIAISON_OFFICER:
                return await self._officers(subject)
            case Role.REVIEWING_MANAGER | Role.COUNTERSIGNING_MANAGER:
                holder = await self.appointed(role)
                return (holder,) if holder else ()
            case Role.PRACTITIONER | Role.LINE_MANAGER | Role.OTHER:
                return await self.staff("role = $2", str(role))
            case Role.OTHER_REGION_LEAD:
                return self.listed(Role.SENIOR_LEAD, subject or "")
            case Role.HEAD_OF_PDU:
                return await self.staff("role = $2", str(role)) or self.listed(role)
            case _:
                return self.listed(role)

    def listed(self, role: Role, region: str | None = None) -> tuple[Person, ...]:
        """Everybody with this role in the directory: for the case's region and delivery unit, or for another region."""
        return self.directory.people_for(role, self.case["region"] if region is None else region, self.case["pdu"])

    def lender_of(self, person: Person) -> str | None:
        """The code of the region that lists this person, where that is not the case's own."""
        region = self.directory.region_of(person.key)
        return None if region == self.case["region"] else region

    async def staff(self, which: str, *values: object) -> tuple[Person, ...]:
        """The staff of the case that meet a condition, by number."""
        rows = await self.connection.fetch(
            f"SELECT * FROM staff WHERE reference = $1 AND {which} ORDER BY length(ref), ref", self.reference, *values
        )
        return tuple(self.known(r["email"], r["name"], f"{STAFF_KEY}{r['ref']}", Role(r["role"])) for r in rows)

    async def named(self, key: str) -> Person | None:
        """The person with this directory key or staff number, or none."""
        if person := self.directory.person(key):
            return person
        found = await self.staff("ref = $2", key.removeprefix(STAFF_KEY))
        return found[0] if found else None

    async def recipients(self, to: Iterable[str]) -> tuple[Person, ...]:
        """Whom a notice goes to: staff by number, victims' officers by theirs, else the first holder of the role."""
        found: list[Person] = []
        for name in to:
            if name in set(Role):
                found += (await self.holders(Role(name), None))[:1]
            elif name.startswith("v"):
                found += await self._officers(name)
            elif person := await self.named(name):
                found.append(person)
        return tuple(found)

    async def ties(self, subject: str | None = None) -> Ties:
        """Who is tied to the case: its roster, who wrote, who countersigns, proposed redactions, asked for time.

        For a question about welfare `subject` is the carer's role, and those whom it looks after are named as well.
        """
        roster = await self.connection.fetch("SELECT * FROM staff WHERE reference = $1", self.reference)
        appointed = {
            r["role"]: r["email"]
            for r in await self.connection.fetch("SELECT * FROM appointments WHERE reference = $1", self.reference)
        }
        return Ties(
            pdu=self.case["pdu"],
            roster=tuple(Involved(r["email"], Role(r["role"]), r["in_line"]) for r in roster),
            author=appointed.get(Role.REVIEWING_MANAGER),
            wrote=await self._wrote(),
            countersigner=appointed.get(Role.COUNTERSIGNING_MANAGER),
            proposer=await self._proposer(),
            requester=await self._requester(),
            cared_for=_cared_for(roster, subject or ""),
        )

    async def _wrote(self) -> tuple[str, ...]:
        rows = await self.connection.fetch(
            "SELECT DISTINCT author_email FROM documents WHERE reference = $1 AND kind = 'review'", self.reference
        )
        return tuple(row["author_email"] for row in rows if row["author_email"])

    async def _requester(self) -> str | None:
        """Who asked for the extension that waits for its decision: one waits at a time."""
        email: str | None = await self.connection.fetchval(
            """
            SELECT requested_by FROM extension_requests WHERE reference = $1 AND granted IS NULL AND void_at IS NULL
            ORDER BY at DESC LIMIT 1
            """,
            self.reference,
        )
        return email

    async def _proposer(self) -> str | None:
        email: str | None = await self.connection.fetchval(
            """
            SELECT coalesce(d.person_email, d.by_email, g.person_email) FROM decisions d JOIN gates g USING (gate)
            WHERE g.reference = $1 AND g.question = 'redactions' AND d.applied_at IS NOT NULL
            ORDER BY d.recorded_at DESC LIMIT 1
            """,
            self.reference,
        )
        return email

    async def _owners(self, ref: str | None) -> tuple[Person, ...]:
        row = await self.connection.fetchrow(
            "SELECT * FROM actions WHERE reference = $1 AND ref = $2", self.reference, ref
        )
        return (self.known(row["owner_email"], row["owner_name"], f"owner.{ref}", Role.ACTION_OWNER),) if row else ()

    async def _plan_owners(self, ref: str | None) -> tuple[Person, ...]:
        """Whoever puts the last contingency plan for this member of staff in place. Rule: facts.md 5.18."""
        row = await self.connection.fetchrow(
            "SELECT * FROM impacts WHERE reference = $1 AND ref = $2 ORDER BY number DESC LIMIT 1", self.reference, ref
        )
        if row is None or row["owner_email"] is None:
            return ()
        return (self.known(row["owner_email"], row["owner_name"], row["owner_key"], Role.PLAN_OWNER),)

    async def _officers(self, ref: str | None) -> tuple[Person, ...]:
        row = await self.connection.fetchrow(
            "SELECT * FROM victims WHERE reference = $1 AND ref = $2", self.reference, ref
        )
        if row is None:
            return ()
        email, name = row["liaison_officer_email"], row["officer_name"] or OFFICER
        return (self.known(email, name, f"officer.{ref}", Role.VICTIM_LIAISON_OFFICER),)

    async def appointed(self, role: Role) -> Person | None:
        """Who reviews or countersigns this case: listed anywhere, or known to the record alone; None: nobody yet."""
        row = await self.connection.fetchrow(
            "SELECT * FROM appointments WHERE reference = $1 AND role = $2", self.reference, str(role)
        )
        return self.known(row["email"], row["name"], row["person_key"], role) if row else None

    def known(self, email: str, name: str, key: str, role: Role) -> Person:
        """The directory's entry for this address, else one made from what the record holds."""
        # Not validated: the record checked the address when it came in, and a refusal would quote it.
        made = Person.model_construct(
            key=key, name=name, email=email, roles=(role,), deputy=None, away=(), in_line_of=()
        )
        return self.directory.person_by_email(email) or made


def _cared_for(roster: Sequence[Row], carer: str) -> tuple[str, ...]:
    """The addresses of those whom the carer with this role looks after."""
    members = looked_after([StaffRef(ref=row["ref"], role=Role(row["role"])) for row in roster], carer)
    return tuple(row["email"] for row in roster if row["ref"] in members)


def stored_key(person: Person) -> str:
    """The key that the record and `reassign` use: the directory's, or the bare staff number."""
    return person.key.removeprefix(STAFF_KEY)


def by_address(email: str | None, directory: Directory) -> Person | None:
    """The person behind an address: the directory's entry, or one of whom only the address is known."""
    if email is None:
        return None
    known = directory.person_by_email(email)
    return known or Person.model_construct(
        key="unlisted", name="", email=email, roles=(), deputy=None, away=(), in_line_of=()
    )
