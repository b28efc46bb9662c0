"""When dialogs happen: by opening hours, weekday and growth. Rule: equal seeds and "now" give equal times."""

import random
from bisect import bisect
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from devstack.demo.salons import Salon

# Dialogs per hour of the salon's day: two peaks, before noon and after work, and a few at night.
HOURS = (1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 3, 6, 10, 13, 13, 11, 10, 9, 9, 10, 12, 14, 14, 11, 8, 5, 2)
WEEKDAYS = (1.15, 1.05, 1.0, 1.05, 1.2, 0.95, 0.6)
GROWTH = 1.35  # how many times more dialogs at the end of 90 days than at their beginning
GROWTH_DAYS = 90


def start_times(chance: random.Random, salon: Salon, count: int, days: int, now: datetime) -> list[datetime]:
    """`count` sorted moments in UTC within the last `days` days before `now`, in the rhythm of the salon."""
    today = now.astimezone(salon.zone).date()
    dates = [today - timedelta(days=days - n) for n in range(days + 1)]
    weights = [
        WEEKDAYS[date.weekday()] * GROWTH ** ((n - days) / GROWTH_DAYS) * chance.uniform(0.8, 1.2)
        for n, date in enumerate(dates)
    ]
    midnights = [datetime.combine(date, time(), salon.zone).astimezone(UTC) for date in dates]
    earliest, latest = now - timedelta(days=days), now - timedelta(hours=1)
    found: list[datetime] = []
    day_sums, hour_sums = list(accumulate(weights)), list(accumulate(HOURS))
    while len(found) < count:
        midnight = midnights[bisect(day_sums, chance.random() * day_sums[-1])]
        seconds = bisect(hour_sums, chance.random() * hour_sums[-1]) * 3600 + chance.random() * 3600
        moment = midnight + timedelta(seconds=seconds)
        if earliest <= moment <= latest:
            found.append(moment)
    found.sort()
    return found
