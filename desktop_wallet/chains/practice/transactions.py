"""Signed transactions as a practice network reads them.

Written apart from the wallet's encoder and from its signer, so that one misunderstanding cannot hide on both sides.
Source: EIP-155 (legacy), EIP-2718 and EIP-1559 (type 2), EIP-2 (one form of each signature).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from desktop_wallet.chains.practice.refusals import refuse

LEGACY = 0
DYNAMIC_FEE = 2
_FIELDS = {LEGACY: 9, DYNAMIC_FEE: 12}
_UNSIGNED_FIELDS = {LEGACY: 6, DYNAMIC_FEE: 9}
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""How many points secp256k1 has (SEC 2)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction: addresses in lower case, prices in wei a unit of gas (both the same in a legacy one).

    `signature` is v (type 2: the parity), r and s; zeros in what a hand of the practice network sends.
    """

    hash: str
    kind: int
    sender: str
    nonce: int
    to: str
    value_wei: int
    data: bytes
    gas: int
    max_fee_wei: int
    tip_wei: int
    signature: tuple[int, int, int] = (0, 0, 0)

    @property
    def most_wei(self) -> int:
        """Return the most it can take of its sender's coins."""
        return self.value_wei + self.gas * self.max_fee_wei

    def price_wei(self, base_fee_wei: int) -> int:
        """Return what a unit of its gas costs in a block of that base fee."""
        return min(self.max_fee_wei, base_fee_wei + self.tip_wei)


def read_transaction(raw: bytes, chain_id: int) -> Transaction:
    """Return what the bytes say, with the sender that signed them; raises Refused."""
    kind = _kind(raw)
    fields = _fields(raw if kind == LEGACY else raw[1:], _FIELDS[kind])
    own_chain, v, parity = _replay_protection(kind, fields, chain_id)
    if own_chain != chain_id:
        raise refuse(f"invalid chain id for signer: have {own_chain} want {chain_id}")
    nonce, tip, max_fee, gas, to, value, data = _body(kind, fields)
    if len(to) != 20:
        raise refuse("nobody makes contracts on a practice network")
    if kind == DYNAMIC_FEE and fields[8]:
        raise refuse("a practice network takes no access list")
    r, s = _number(fields[-2]), _number(fields[-1])
    return Transaction(
        hash="0x" + _keccak(raw).hex(),
        kind=kind,
        sender=_signer(_signed_bytes(kind, fields, chain_id), parity, r, s),
        nonce=_number(nonce),
        to="0x" + to.hex(),
        value_wei=_number(value),
        data=bytes(data),
        gas=_number(gas),
        max_fee_wei=_number(max_fee),
        tip_wei=_number(tip),
        signature=(v, r, s),
    )


def _kind(raw: bytes) -> int:
    if raw[:1] == b"\x02":
        return DYNAMIC_FEE
    if raw[:1] >= b"\xc0":
        return LEGACY
    raise refuse("transaction type not supported")


def _fields(encoded: bytes, count: int) -> list[Any]:
    # Imported late: what rlp brings along costs more than the whole practice network, and most starts send nothing.
    import rlp  # noqa: PLC0415

    try:
        fields = rlp.decode(encoded)
    except rlp.DecodingError as error:
        raise refuse("rlp: not a list of values") from error
    if not isinstance(fields, list) or len(fields) != count:
        raise refuse("rlp: too few or too many elements")
    lists = [place for place, field in enumerate(fields) if not isinstance(field, bytes)]
    if lists != ([8] if count == _FIELDS[DYNAMIC_FEE] else []):
        raise refuse("rlp: a list where a value belongs")
    return fields


def _replay_protection(kind: int, fields: list[Any], chain_id: int) -> tuple[int, int, int]:
    """Return the chain it is for, v as it stands there, and the parity of the signature's point."""
    if kind == DYNAMIC_FEE:
        parity = _number(fields[9])
        return _number(fields[0]), parity, parity
    v = _number(fields[6])
    if v in (27, 28):
        raise refuse("only replay-protected (EIP-155) transactions allowed over RPC")
    return (v - 35) // 2, v, v - 35 - 2 * chain_id


def _body(kind: int, fields: list[Any]) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes]:
    if kind == DYNAMIC_FEE:
        _, nonce, tip, max_fee, gas, to, value, data = fields[:8]
        return nonce, tip, max_fee, gas, to, value, data
    nonce, price, gas, to, value, data = fields[:6]
    return nonce, price, price, gas, to, value, data


def _signed_bytes(kind: int, fields: list[Any], chain_id: int) -> bytes:
    import rlp  # noqa: PLC0415 - see above

    unsigned = fields[: _UNSIGNED_FIELDS[kind]]
    if kind == LEGACY:
        unsigned += [chain_id.to_bytes((chain_id.bit_length() + 7) // 8, "big"), b"", b""]
    encoded: bytes = rlp.encode(unsigned)
    return encoded if kind == LEGACY else bytes([kind]) + encoded


def _signer(signed: bytes, parity: int, r: int, s: int) -> str:
    import coincurve  # noqa: PLC0415 - a native library that most starts do not need

    if parity not in (0, 1) or not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise refuse("invalid transaction v, r, s values")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, _keccak(signed), hasher=None)
    except ValueError as error:
        raise refuse("invalid sender") from error
    return "0x" + _keccak(key.format(compressed=False)[1:])[12:].hex()


def _number(field: bytes) -> int:
    if len(field) > 32 or field[:1] == b"\0":
        raise refuse("rlp: non-canonical integer")
    return int.from_bytes(field, "big")


@lru_cache(maxsize=256)
def _keccak(data: bytes) -> bytes:
    from Crypto.Hash import keccak  # noqa: PLC0415 - as in core/addresses.py

    return keccak.new(digest_bits=256, data=data).digest()
