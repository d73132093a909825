"""Which of what came in is out of sight, and why: spam, and tokens that a person does not want. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.core.spam import Suspicion


class JudgeSource(Protocol):
    """What is thought of payments and tokens, from memory."""

    def suspicion(self, received: Received, /) -> Suspicion | None:
        """Return why a payment is kept out of sight; None if it is not."""
        ...

    def words(self, asset: AssetId, /) -> Asset | None:
        """Return what a token calls itself that is no balance of ours; None if that is not known."""
        ...

    def imitated(self, asset: Asset, /) -> Asset | None:
        """Return the known asset that one added by hand can be taken for."""
        ...


class Hidden:
    """Holds the verdict on each row by its number, for as long as nothing came in that may change it."""

    def __init__(self) -> None:
        self.judge: JudgeSource | None = None
        self._why: dict[int, Suspicion] = {}

    def __contains__(self, number: int) -> bool:
        """Return whether a row is suspected."""
        return number in self._why

    def __len__(self) -> int:
        """Return how many are suspected."""
        return len(self._why)

    def why(self, number: int) -> Suspicion | None:
        """Return why a row is out of sight."""
        return self._why.get(number)

    def judge_anew(self, rows: Iterable[tuple[int, Received]]) -> set[int]:
        """Judge all of these; return the rows of which something else is thought than before."""
        before, self._why = self._why, {}
        if self.judge is not None:
            for number, received in rows:
                suspicion = self.judge.suspicion(received)
                if suspicion is not None:
                    self._why[number] = suspicion
        both = before.keys() | self._why.keys()
        return {number for number in both if before.get(number) != self._why.get(number)}

    def words(self, asset: AssetId) -> Asset | None:
        """Return what a token calls itself that is in no list of ours."""
        return None if self.judge is None else self.judge.words(asset)

    def imitated(self, asset: Asset) -> Asset | None:
        """Return the known asset that one added by hand can be taken for."""
        return None if self.judge is None else self.judge.imitated(asset)

    def clear(self) -> None:
        """Drop every verdict."""
        self._why.clear()
