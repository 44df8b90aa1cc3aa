"""An invented read model of many cases, of every stage, ground and state, put into the record by SQL at once."""

from pathlib import Path

from tests.conftest import Record

OPEN, CLOSED = 10_000, 2_000
SQL = Path(__file__).with_name("ten_thousand.sql")


async def many_cases(record: Record, open_cases: int = OPEN, closed_cases: int = CLOSED) -> float:
    """The database holds this many cases and is analysed. Returns the seconds that it worked on it.

    As the superuser, since neither triggers nor the audit's refusals are what is measured. The chain does not verify.
    """
    async with record.superuser() as connection:
        await connection.execute("CREATE TEMP TABLE wanted (open integer, closed integer)")
        await connection.execute("INSERT INTO wanted VALUES ($1, $2)", open_cases, closed_cases)
        await connection.execute(SQL.read_text())
        await connection.execute("VACUUM ANALYZE")
        worked = Path(f"/proc/{connection.get_server_pid()}/schedstat").read_text()
    return int(worked.split()[0]) / 1e9
