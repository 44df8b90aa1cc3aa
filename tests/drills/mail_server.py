"""The embedded mail server as a process of its own: `python -m tests.drills.mail_server FOLDER PORT`."""

import asyncio
import sys
from pathlib import Path

from deploy.embedded.mail import embedded_mail


async def main(folder: Path, port: int) -> None:
    """Take mail until killed. What was said to be taken is on the disk by then."""
    async with embedded_mail(folder, port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
