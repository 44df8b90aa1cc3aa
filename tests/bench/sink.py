"""A mail server that takes everything and keeps nothing, as a process of its own: `python -m tests.bench.sink PORT`."""

import asyncio
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Accepts every message."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        """Take one message; aiosmtpd knows this method by its name."""
        return "250 OK"


async def main(port: int) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Sink(), hostname="localhost", loop=loop), "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
