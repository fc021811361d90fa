"""By when a closed matter is to be filed (pure). Source: domain/rules.md 1.7."""

from calendar import monthrange
from datetime import date, timedelta


def due_on(closed_on: date, months: int, days: int) -> date:
    """Give the last day: so many calendar months after closing, then so many days.

    A month without that day ends on its last one (民法典 202): three months after 30 November is the end of February.
    """
    index = closed_on.year * 12 + closed_on.month - 1 + months
    year, month = divmod(index, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(closed_on.day, last)) + timedelta(days=days)
