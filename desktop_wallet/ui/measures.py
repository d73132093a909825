"""Ages, times, counts and sizes in words; all that the first paint needs of words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def age_text(age_s: float) -> str:
    """Return an age in its largest whole unit: "12 s", "8 min", "3 h", "2 days"."""
    seconds = max(int(age_s), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _DAY} days"


def left_text(left_s: float) -> str:
    """Return a time that is left: "27 s", "4m 0s", "1h 5m"."""
    seconds = max(int(left_s), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m {seconds % _MINUTE}s"
    return f"{seconds // _HOUR}h {seconds % _HOUR // _MINUTE}m"


def countdown_text(left_s: float) -> str:
    """Return a countdown as a clock shows it: "9:41", "1:02:03"."""
    seconds = max(int(left_s), 0)
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}:{seconds % _MINUTE:02d}"
    return f"{seconds // _HOUR}:{seconds % _HOUR // _MINUTE:02d}:{seconds % _MINUTE:02d}"


def clock_text(wall_s: float) -> str:
    """Return the local time of day with seconds: "14:02:31"."""
    return _local(wall_s).strftime("%H:%M:%S")


def time_text(wall_s: float, now_wall_s: float) -> str:
    """Return a local time as briefly as the day allows: "14:02", "yesterday, 18:24", "12 Mar 2026, 18:24"."""
    then, now = _local(wall_s), _local(now_wall_s)
    time = then.strftime("%H:%M")
    if then.date() == now.date():
        return time
    if then.date() == now.date() - timedelta(days=1):
        return f"yesterday, {time}"
    return f"{then.day} {_MONTHS[then.month - 1]} {then.year}, {time}"


def brief_time_text(wall_s: float, now_wall_s: float) -> str:
    """Return a local time, or the day alone if it was not today's: "14:02", "yesterday", "12 Mar", "Mar 2025"."""
    then, now = _local(wall_s), _local(now_wall_s)
    if then.date() >= now.date() - timedelta(days=1):
        return time_text(wall_s, now_wall_s).partition(",")[0]
    month = _MONTHS[then.month - 1]
    return f"{then.day} {month}" if then.year == now.year else f"{month} {then.year}"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 wallet", "3 wallets"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def bytes_text(size: int) -> str:
    """Return a size: "312 bytes", "42 KB", "4.2 MB"."""
    if size < 1000:
        return count_text(size, "byte")
    if size < 1_000_000:
        return f"{size // 1000} KB"
    return f"{size / 1_000_000:.1f} MB"


def percent_text(part: float) -> str:
    """Return a part of one as a whole percentage: "97 %"."""
    return f"{round(part * 100)} %"


def _local(wall_s: float) -> datetime:
    return datetime.fromtimestamp(wall_s, tz=UTC).astimezone()
