"""Signing keys, encrypted at rest.

A city has one key per role. Each is an Ethereum keystore file (Web3 Secret Storage, version 3) that is made
at first start and opened with a passphrase from a file of its own; neither ever appears on a command line.
The passphrase is 256 random bits, so the key derivation is cheap on purpose: it does not have to slow anybody down.
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Protocol, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_keys.main import KeyAPI
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError

from ledger.durable import put_in_place

SCRYPT_ROUNDS = 4096

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class KeyFileError(Exception):
    """A keystore file or its passphrase cannot be used."""

    code = "key_file"


class Signer(Protocol):
    """Whatever can sign a 32-byte digest: a key in memory, a key service."""

    @property
    def address(self) -> str: ...

    def sign(self, digest: bytes) -> bytes:
        """The 65-byte signature r || s || v over `digest`, with low s and v in {27, 28}."""
        ...


class LocalSigner:
    """A secp256k1 key in this process's memory."""

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self.address: str = self._key.public_key.to_checksum_address()

    @classmethod
    def fresh(cls) -> "LocalSigner":
        return cls(fresh_secret())

    @property
    def secret(self) -> bytes:
        return self._key.to_bytes()

    def sign(self, digest: bytes) -> bytes:
        signature = self._key.sign_msg_hash(digest)
        return signature.to_bytes()[:64] + bytes([27 + signature.v])

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"


class Ed25519Attestor:
    """Signs statements. Its seed is kept like every other key."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def fresh_secret() -> bytes:
    while True:
        secret = secrets.token_bytes(32)
        if 0 < int.from_bytes(secret, "big") < SECP256K1_ORDER:
            return secret


def recover(digest: bytes, signature: bytes) -> str | None:
    """The address that signed `digest`, or None for a signature that no contract of ours would accept.

    Stricter than eth-account: exactly 65 bytes, v in {27, 28}, low s (EIP-2).
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64], "big") > SECP256K1_ORDER // 2:
        return None
    try:
        parsed = Signature(signature[:64] + bytes([signature[64] - 27]))
        return parsed.recover_public_key_from_msg_hash(digest).to_checksum_address()
    except (BadSignature, ValidationError):
        return None


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """(r, vs) of EIP-2098: the parity of v sits in the top bit of s."""
    s = int.from_bytes(signature[32:64], "big") | ((signature[64] - 27) << 255)
    return signature[:32], s.to_bytes(32, "big")


def require_native_backend() -> None:
    """Stop when eth-keys fell back to its pure-Python arithmetic, which is 25 to 50 times slower."""
    backend = type(KeyAPI().backend).__name__
    if backend != "CoinCurveECCBackend":
        raise KeyFileError(f"eth-keys runs on {backend}; reinstall the coincurve package and start again.")


class KeyStore:
    """The keys of one city in one folder: `<role>.json`, and the passphrase that opens them."""

    def __init__(self, folder: Path, passphrase_file: Path | None = None) -> None:
        self.folder = folder
        self._passphrase_file = passphrase_file or folder / "passphrase"

    def signer(self, role: str) -> LocalSigner:
        """The key of `role`, made now if this is the first time it is asked for.

        Raises:
            KeyFileError: the file is not a keystore, or another passphrase closed it.
        """
        path = self.folder / f"{role}.json"
        if not self.has(role):
            self._write(path, fresh_secret())
        return LocalSigner(self._read(path))

    def accounts(self) -> dict[str, str]:
        """The account of every key that is kept here, by its role, read without opening any."""
        found: dict[str, str] = {}
        for path in sorted(self.folder.glob("*.json")):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                found[path.stem] = to_checksum_address(json.loads(path.read_text())["address"])
        return found

    def has(self, role: str) -> bool:
        return (self.folder / f"{role}.json").exists()

    def existing(self, role: str) -> LocalSigner:
        """The key of `role`.

        Raises:
            KeyFileError: there is none yet, or it cannot be opened.
        """
        path = self.folder / f"{role}.json"
        if not self.has(role):
            raise KeyFileError(f"There is no key {path}. Run the command that makes this city first.")
        return LocalSigner(self._read(path))

    def _read(self, path: Path) -> bytes:
        try:
            keystore = cast("dict[str, object]", json.loads(path.read_text()))
            return bytes(Account.decrypt(keystore, self._passphrase()))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileError(
                f"{path} cannot be opened with the passphrase in {self._passphrase_file}. Put both back from one "
                "backup."
            ) from error

    def _write(self, path: Path, secret: bytes) -> None:
        keystore = Account.encrypt(secret, self._passphrase(), kdf="scrypt", iterations=SCRYPT_ROUNDS)
        write_private(path, json.dumps(keystore).encode())

    def _passphrase(self) -> str:
        """The passphrase, made with the first key.

        Raises:
            KeyFileError: there are keys already that another one closed.
        """
        if not self._passphrase_file.exists():
            if any(self.folder.glob("*.json")):
                raise KeyFileError(
                    f"{self._passphrase_file} is missing, and the keys beside it cannot be opened without it. Put it "
                    "back from a backup."
                )
            write_private(self._passphrase_file, secrets.token_hex(32).encode())
        return self._passphrase_file.read_text().strip()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; it appears whole or not at all, and outlives a power loss."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink()
        raise
    put_in_place(temporary, path)


def checksum(address: str) -> str:
    return to_checksum_address(address)
