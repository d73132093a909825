"""What a server's Retry-After header asks for."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

MAX_WAIT_S = 3600.0
"""A server that asks for more is asked again after an hour all the same."""


def retry_after_s(header: str | None, server_date: str | None, now_wall_s: float) -> float | None:
    """Return the seconds to wait (0 to an hour), None if the header says nothing (RFC 9110, section 10.2.3).

    The header holds seconds or an HTTP date; a date is taken against the server's own Date, where it sends one,
    because its clock and ours may differ.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_WAIT_S)
    until_s = _unix_s(text)
    if until_s is None:
        return None
    from_s = _unix_s(server_date or "")
    return min(max(until_s - (now_wall_s if from_s is None else from_s), 0.0), MAX_WAIT_S)


def _unix_s(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError):
        return None
