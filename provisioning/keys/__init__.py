"""The ed25519 keys that model bundles are signed with, and those that this box trusts."""

from provisioning.keys.key_pair import KeyPair, make_key_pair, read_private_key, read_public_key
from provisioning.keys.trust_store import TrustStore
from provisioning.keys.trusted_key import TrustedKey

__all__ = [
    "KeyPair",
    "TrustStore",
    "TrustedKey",
    "make_key_pair",
    "read_private_key",
    "read_public_key",
]
