"""EVM transactions: made from a draft, and read back from the signed bytes by another way than they were made.

The signer encodes with eth-account; here the bytes are taken apart field by field, and the sender is recovered from
the signature. So one misunderstanding cannot hide on both sides when a draft is compared with what was signed.

Source: EIP-155 (legacy, with a chain id), EIP-2718 (kinds), EIP-2930 (type 1), EIP-1559 (type 2), EIP-2 (one form of
each signature), EIP-2681 (nonces below 2^64 - 1), ERC-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from desktop_wallet.chains.adapter import DecodedTransaction
from desktop_wallet.chains.evm.abi import TRANSFER, address_word
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.fees import GasFee
from desktop_wallet.core.networks import Family, Network
from desktop_wallet.core.signing import EvmTransaction, GasPrice, LegacyPrice, MarketPrice, TransactionId
from desktop_wallet.core.transfers import Draft, TransferKind

_LEGACY: Final = 0
_ACCESS_LIST: Final = 1
_MARKET: Final = 2
_FIELDS: Final = {_LEGACY: 9, _ACCESS_LIST: 11, _MARKET: 12}
_SIGNATURE_FIELDS: Final = 3
_ADDRESS_BYTES: Final = 20
_WORD_BYTES: Final = 32
_UINT_64: Final = 1 << 64
_UINT_256: Final = 1 << 256
_LIMIT_BYTES: Final = 512
"""No transfer is as long, however large its numbers."""
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""How many points secp256k1 has (SEC 2)."""

_Item = bytes | list["_Item"]


@dataclass(frozen=True, slots=True)
class Call:
    """What a draft comes to on an EVM network: whom to call, with how much of the coin, and what to say."""

    to: Address
    value_wei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SignedFields:
    """What the bytes of a signed transaction say, whatever it is for.

    `chain_id` is None in a legacy one that is good on any chain; `to` is None where it creates a contract.
    """

    kind: int
    chain_id: int | None
    nonce: int
    price: GasPrice
    gas_limit: int
    to: Address | None
    value_wei: int
    data: bytes
    access_list: tuple[tuple[bytes, tuple[bytes, ...]], ...]
    sender: Address
    id: TransactionId


def call_of(network: Network, draft: Draft) -> Call:
    """Return what carries out the draft: the coin itself, or `transfer(address,uint256)` of the token's contract.

    ValueError if it is no draft of this network: a bug of ours.
    """
    if network.family is not Family.EVM or network.id != draft.network or network.id != draft.asset.network:
        raise ValueError("a draft of another network")
    if not 0 <= draft.amount < _UINT_256:
        raise ValueError("an amount that no EVM network can carry")
    if draft.asset == native_asset(network).id:
        if draft.kind is TransferKind.CANCEL and (draft.amount or draft.recipient != draft.sender):
            raise ValueError("a cancel that pays")
        return Call(draft.recipient, draft.amount, b"")
    if draft.asset.namespace != "erc20" or draft.kind is TransferKind.CANCEL:
        raise ValueError("an asset that no EVM network can carry")
    words = f"{TRANSFER}{address_word(draft.recipient.text)}{draft.amount:064x}"
    return Call(Address(Family.EVM, draft.asset.reference), 0, bytes.fromhex(words))


def build(network: Network, draft: Draft, fee: GasFee, nonce: int) -> EvmTransaction:
    """Return the transaction that carries out the draft; ValueError if none can."""
    call = call_of(network, draft)
    price = fee.price
    prices_wei = [price.most_wei, *([price.max_priority_fee_wei] if isinstance(price, MarketPrice) else [])]
    if not 0 <= nonce < _UINT_64 - 1 or not 0 < fee.gas_limit < _UINT_64:
        raise ValueError("a nonce or gas that no EVM network can carry")
    if not all(0 <= wei < _UINT_256 for wei in prices_wei):
        raise ValueError("a price that no EVM network can carry")
    chain_id = int(network.id.reference)
    return EvmTransaction(chain_id, nonce, call.to, call.value_wei, call.data, fee.gas_limit, price)


def decode(network: Network, raw: bytes) -> DecodedTransaction:
    """Return what signed bytes say; ValueError unless they are a transfer on that network, in its one right form.

    Right are type 2 and legacy with the network's chain id, without an access list, that send the coin and say
    nothing, or send nothing and call `transfer` of a token with exactly its two arguments.
    """
    if len(raw) > _LIMIT_BYTES:
        raise ValueError("too long for a transfer")
    fields = parse_transaction(raw)
    if fields.kind not in (_LEGACY, _MARKET) or fields.access_list or fields.to is None:
        raise ValueError("no transfer: kind, access list or a contract's creation")
    if fields.chain_id != int(network.id.reference):
        raise ValueError("a transaction of another chain")
    if fields.nonce >= _UINT_64 - 1 or fields.gas_limit >= _UINT_64:
        raise ValueError("a nonce or gas that no EVM network takes")
    asset, recipient, amount = native_asset(network).id, fields.to, fields.value_wei
    if fields.data:
        asset = AssetId(network.id, "erc20", fields.to.text)
        recipient, amount = _token_transfer(fields)
    return DecodedTransaction(
        Draft(network.id, fields.sender, recipient, asset, amount),
        nonce=fields.nonce,
        gas_limit=fields.gas_limit,
        price=fields.price,
        fee_most=fields.gas_limit * fields.price.most_wei,
        id=fields.id,
    )


def _token_transfer(fields: SignedFields) -> tuple[Address, int]:
    """Return recipient and amount of a call of `transfer`; ValueError for any other call."""
    selector, to, amount = fields.data[:4], fields.data[4:36], fields.data[36:]
    padding = to[:-_ADDRESS_BYTES]
    if selector.hex() != TRANSFER or len(amount) != _WORD_BYTES or any(padding) or fields.value_wei:
        raise ValueError("no call of transfer(address,uint256)")
    return _address(to[-_ADDRESS_BYTES:]), int.from_bytes(amount, "big")


def parse_transaction(raw: bytes) -> SignedFields:
    """Return what a signed transaction says: legacy, type 1 or type 2.

    ValueError unless every part has the one form it may have: RLP and numbers as short as they can be, nothing left
    over, s in the lower half of its range (EIP-2).
    """
    # A legacy transaction is a list, whose first byte is at least 0xc0; else the first byte is the kind (EIP-2718).
    kind = _LEGACY if raw[:1] >= b"\xc0" else int.from_bytes(raw[:1], "big") or -1
    if kind not in _FIELDS:
        raise ValueError("no transaction of a known kind")
    items = _items(raw if kind == _LEGACY else raw[1:], _FIELDS[kind])
    body, (mark, r, s) = items[:-_SIGNATURE_FIELDS], (_number(item) for item in items[-_SIGNATURE_FIELDS:])
    access_list: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()
    if kind == _LEGACY:
        chain_id, parity = _legacy_mark(mark)
        signed = body if chain_id is None else [*body, _shortest(chain_id), b"", b""]
    else:
        chain_id, parity, signed = _number(body[0]), mark, body
        access_list = _access_list(body[-1])
        body = body[1:-1]
    nonce, *prices, gas_limit, to, value, data = body
    return SignedFields(
        kind,
        chain_id,
        _number(nonce),
        MarketPrice(_number(prices[1]), _number(prices[0])) if kind == _MARKET else LegacyPrice(_number(prices[0])),
        _number(gas_limit),
        _address(to) if to else None,
        _number(value),
        _text(data),
        access_list,
        _signer(_encoded(kind, signed), parity, r, s),
        TransactionId("0x" + _keccak(raw).hex()),
    )


def _legacy_mark(v: int) -> tuple[int | None, int]:
    """Return the chain id that v carries, None before EIP-155, and the parity."""
    if v in (27, 28):
        return None, v - 27
    if v < 35:
        raise ValueError("a signature of no known form")
    return (v - 35) // 2, (v - 35) % 2


def _items(body: bytes, count: int) -> list[_Item]:
    # Imported late: it takes 0.2 s, that only who sends should pay.
    import rlp  # noqa: PLC0415

    try:
        items = rlp.decode(body)
        # Encoded anew, so that the form is the shortest even where the library should be lenient.
        is_shortest = rlp.encode(items) == body
    except (rlp.DecodingError, RecursionError):
        # Without its cause, which carries the bytes.
        raise ValueError("no RLP") from None
    if not is_shortest or not isinstance(items, list) or len(items) != count:
        raise ValueError("not the fields of a transaction")
    return items


def _encoded(kind: int, items: list[_Item]) -> bytes:
    import rlp  # noqa: PLC0415 - as above

    encoded: bytes = rlp.encode(items)
    return encoded if kind == _LEGACY else bytes([kind]) + encoded


def _text(item: _Item) -> bytes:
    if not isinstance(item, bytes):
        raise ValueError("a list where none may be")  # noqa: TRY004 - wrong bytes, and no wrong type of ours
    return item


def _number(item: _Item) -> int:
    digits = _text(item)
    if digits[:1] == b"\0" or len(digits) > _WORD_BYTES:
        raise ValueError("no number in its shortest form")
    return int.from_bytes(digits, "big")


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _address(item: _Item) -> Address:
    digits = _text(item)
    if len(digits) != _ADDRESS_BYTES:
        raise ValueError("no address")
    return Address(Family.EVM, "0x" + digits.hex())


def _access_list(item: _Item) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    entries = []
    for entry in _list(item):
        address, keys = _list(entry, count=2)
        slots = tuple(_text(key) for key in _list(keys))
        if len(_text(address)) != _ADDRESS_BYTES or any(len(slot) != _WORD_BYTES for slot in slots):
            raise ValueError("no access list")
        entries.append((_text(address), slots))
    return tuple(entries)


def _list(item: _Item, *, count: int | None = None) -> list[_Item]:
    if isinstance(item, bytes) or (count is not None and len(item) != count):
        raise ValueError("bytes where a list must be")
    return item


def _signer(signed: bytes, parity: int, r: int, s: int) -> Address:
    """Return the address whose key made the signature of those bytes."""
    from coincurve import PublicKey  # noqa: PLC0415 - loads libsecp256k1: only who needs it pays

    if parity > 1 or not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise ValueError("a signature of no known form")
    signature = r.to_bytes(_WORD_BYTES, "big") + s.to_bytes(_WORD_BYTES, "big") + bytes([parity])
    point = PublicKey.from_signature_and_message(signature, _keccak(signed), hasher=None).format(compressed=False)
    return Address(Family.EVM, "0x" + _keccak(point[1:])[-_ADDRESS_BYTES:].hex())


def _keccak(data: bytes) -> bytes:
    from Crypto.Hash import keccak  # noqa: PLC0415 - loads a native library: only who needs it pays

    return keccak.new(digest_bits=256, data=data).digest()
