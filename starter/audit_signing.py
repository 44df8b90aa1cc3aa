"""The key that signs what is exported of the audit chain, and its public half, by which anybody can check that."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from starter.keys import KeyRing


def new_key() -> str:
    """Make the setting of a fresh key. Secret."""
    return KeyRing.generate().encode()


def public_keys(ring: KeyRing) -> list[str]:
    """Write each public key as `kid:base64url`, that of the active key first. Nothing secret is in it."""
    kids = [ring.active_id, *(kid for kid in ring.readable if kid != ring.active_id)]
    return [f"{kid}:{_public(ring.readable[kid])}" for kid in kids]


def signed(ring: KeyRing, data: bytes) -> bytes:
    """Sign with the active key: the detached signature as base64url text."""
    return base64.urlsafe_b64encode(Ed25519PrivateKey.from_private_bytes(ring.active).sign(data))


def _public(seed: bytes) -> str:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return base64.urlsafe_b64encode(public).decode()
