"""The one place that asks what time it is."""

from datetime import UTC, date, datetime, timedelta, timezone

# Dossier dates are Chinese calendar dates; the country has one time zone and no summer time.
FIRM_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """Give this instant, in UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Give the calendar date at the firm of an instant."""
    return moment.astimezone(FIRM_ZONE).date()


def today() -> date:
    """Give the calendar date at the firm."""
    return day_of(now())
