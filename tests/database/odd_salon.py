"""A salon of a test's own, with every odd value that production knows.

Rule: what is written here is what the bot writes (DATA.md, section 1); equal seeds give equal rows.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg import sql
from psycopg.types.json import Jsonb

from tests.conftest import Connection

STATUSES = ('done', 'abandoned', 'dropped', 'auto_closed', 'escalated')
INTENTS = ('booking', 'info', 'inquiry', 'reschedule', 'cancel', 'canceled', None)
STAGES = (None, 'service_selection', 'staff_selection', 'date_selection', 'time_selection', 'price_question')
BOOKING_STATUSES = ('confirmed', 'cancelled', None)
AMOUNTS = (None, 0, 1000, '333.33', 2500, '0.01')
CURRENCIES = ('RUB', 'RUB', None, 'KZT', 'EUR')
CHANNELS = ('telegram', 'whatsapp', 'unknown')
SENTIMENTS = (None, 'positive', 'neutral', 'negative')
SERVICES: tuple[dict[str, Any], ...] = (
    {},
    {'services_mentioned': ['Маникюр']},
    {'services_mentioned': ['Маникюр', 'Педикюр', 'Маникюр']},
    {'services_mentioned': [' Педикюр ', '', None, 'Стрижка']},
    {'services_mentioned': 'Стрижка'},
    {'services_mentioned': 17},
    {'services_mentioned': None},
    {'services_mentioned': {'first': 'Маникюр'}},
    {'services_mentioned': [['Маникюр'], {'title': 'Окрашивание'}, 5]},
    {'services_selected': [12, '40', 7]},
    {'services_selected': ['12', 12]},
    {'services_selected': 40},
    {'services_selected': [{'id': 12, 'title': 'Маникюр'}, {'unknown': True}]},
    {'services_selected': [], 'services_mentioned': ['Педикюр']},
    {'services_selected': [None, ' '], 'services_mentioned': ['Маникюр', 'Стрижка']},
    {'services_selected': [7], 'services_mentioned': ['Маникюр']},
)
STAFF: tuple[dict[str, Any], ...] = (
    {},
    {'staff_name': 'Ирина', 'staff_id': 7},
    {'staff_name': ' Ирина '},
    {'staff_name': '', 'staff_id': '7'},
    {'staff_name': None, 'staff_id': 8},
    {'staff_name': {'first': 'Ирина'}, 'staff_id': 9},
    {'staff_name': None, 'staff_id': None},
)
ROLES = ('user', 'user', 'user', 'assistant', 'assistant', 'operator', 'system')
ENDINGS = ('ended and duration', 'ended', 'duration', 'neither')
DAYS = 200


@dataclass
class OddSalon:
    """Writes one salon's rows; ids come from the seed."""

    db: Connection
    zone: str = 'Europe/Moscow'
    currency: str = 'RUB'
    seed: int = 1
    id: str = field(default_factory=lambda: str(uuid4()))
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self.chance = random.Random(f'odd {self.seed}')
        self.insert('tenants_v2', id=self.id, name='Проба')
        self.db.execute(
            'insert into dashboard.tenant_settings (tenant_id, timezone, currency) values (%s, %s, %s)',
            (self.id, self.zone, self.currency),
        )

    @property
    def today(self) -> date:
        """The salon's own day."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def midnight(self, day: date) -> datetime:
        """The first moment of a day of the salon."""
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)

    def ago(self, **span: float) -> datetime:
        """A moment before now."""
        return self.now - timedelta(**span)

    def new_id(self) -> str:
        return str(UUID(int=self.chance.getrandbits(128), version=4))

    def insert(self, table: str, **values: Any) -> Any:
        """One row of a bot's table; answers with its first column."""
        names = sql.SQL(', ').join(map(sql.Identifier, values))
        row = self.db.execute(
            sql.SQL('insert into public.{} ({}) values ({}) returning *').format(
                sql.Identifier(table), names, sql.SQL(', ').join(sql.Placeholder() * len(values))
            ),
            [Jsonb(value) if isinstance(value, dict | list) else value for value in values.values()],
        ).fetchone()
        assert row
        return row[0]

    def client(self, **values: Any) -> str:
        return str(self.insert('clients_v2', **{'id': self.new_id(), 'tenant_id': self.id, **values}))

    def archive(self, client: str, started: datetime, **values: Any) -> str:
        """An archived dialog of ten minutes, archived at its end; its session's id."""
        ended = started + timedelta(minutes=10)
        row = {
            'session_id': self.new_id(), 'tenant_id': self.id, 'user_id': client, 'channel': 'telegram',
            'started_at': started, 'ended_at': ended, 'final_status': 'auto_closed', 'created_at': ended, **values,
        }  # fmt: skip
        self.insert('conversation_sessions_v2', **row)
        return str(row['session_id'])

    def active(self, client: str, started: datetime, **values: Any) -> str:
        row = {
            'session_id': self.new_id(), 'tenant_id': self.id, 'user_id': client, 'created_at': started,
            'updated_at': started, 'last_activity_at': started, **values,
        }  # fmt: skip
        self.insert('active_sessions_v2', **row)
        return str(row['session_id'])

    def say(self, client: str, session: str | None, role: str, at: datetime, text: str = 'текст') -> int:
        row = {'tenant_id': self.id, 'user_id': client, 'session_id': session, 'role': role, 'message': text}
        return int(self.insert('recent_history_v2', **row, channel='telegram', created_at=at))

    def collect(self, first: date | None = None, last: date | None = None) -> int:
        """Stores the days; all of them when none are named."""
        first, last = first or self.today - timedelta(days=DAYS + 10), last or self.today
        row = self.db.execute('select dashboard.collect_metrics(%s, %s, %s)', (self.id, first, last)).fetchone()
        assert row
        return int(row[0])

    def fill(self, dialogs: int = 220, clients: int = 45) -> None:
        """Every odd value, at random but from the seed; `every_combination` adds what must not be left to chance."""
        people = [self.client(full_name=f'Клиент {n}', created_at=self.ago(days=DAYS)) for n in range(clients)]
        numbers: list[str] = []
        for _ in range(dialogs):
            self._talk(self.chance.choice(people), self._moment(), self._outcome(numbers))
        for _ in range(12):
            self._overlapping(self.chance.choice(people), numbers)
        for hours in (0.2, 1, 5, 30, 24 * 9):
            self._going_on(self.chance.choice(people), self.ago(hours=hours), numbers)
        self.db.cursor().executemany(
            'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
            " values (%s, %s, %s, %s, 'текст', %s)", self.lines,
        )  # fmt: skip
        self.lines.clear()

    def _moment(self) -> datetime:
        """Any time in the last 200 days; every fifth at the first or in the last microsecond of a day."""
        chance = self.chance
        if chance.random() < 0.2:
            midnight = self.midnight(self.today - timedelta(days=chance.randrange(DAYS)))
            return min(midnight - timedelta(microseconds=chance.choice((0, 1))), self.ago(minutes=40))
        return self.ago(seconds=chance.uniform(3600, DAYS * 86400))

    def _outcome(self, numbers: list[str]) -> dict[str, Any]:
        """Columns of an archived dialog. Of five bookings one repeats the number of another dialog."""
        chance = self.chance
        meta = chance.choice(SERVICES) | chance.choice(STAFF) | {'sentiment': chance.choice(SENTIMENTS)}
        if chance.random() < 0.7:
            meta |= {'drop_off_stage': chance.choice(STAGES)}
        row: dict[str, Any] = {
            'final_status': chance.choice(STATUSES), 'final_intent': chance.choice(INTENTS),
            'channel': chance.choice(CHANNELS), 'meta': meta,
        }  # fmt: skip
        if chance.random() < 0.5:
            repeats = numbers and chance.random() < 0.2
            number = chance.choice(numbers) if repeats else str(len(numbers) + 1000)
            numbers.append(number)
            row |= {
                'booking_id': number, 'booking_status': chance.choice(BOOKING_STATUSES),
                'booking_amount': chance.choice(AMOUNTS), 'booking_currency': chance.choice(CURRENCIES),
                'booking_source': chance.choice(('bot', 'manual')),
            }  # fmt: skip
        return row

    def _talk(self, client: str, started: datetime, outcome: dict[str, Any]) -> str:
        """An archived dialog with messages in it, before it and after it; half of them name no session."""
        chance = self.chance
        length = timedelta(seconds=chance.randrange(30, 4000))
        row: dict[str, Any] = {'created_at': min(started + length, self.ago(minutes=20))}
        ending = chance.choice(ENDINGS)
        if 'ended' in ending:
            row['ended_at'] = started + length
        if 'duration' in ending:
            row['duration_sec'] = int(length.total_seconds())
        session = self.archive(client, started, **row, **outcome)
        self._messages(client, session, started, length)
        return session

    def _messages(self, client: str, session: str, started: datetime, length: timedelta) -> None:
        is_linked = self.chance.random() < 0.5
        for _ in range(self.chance.randrange(8)):
            at = started + length * self.chance.uniform(-0.1, 1.1)
            self.lines.append((self.id, client, session if is_linked else None, self.chance.choice(ROLES), at))

    def _overlapping(self, client: str, numbers: list[str]) -> None:
        """Two dialogs of one client at the same time, often over midnight: whose are the messages between them?"""
        midnight = self.midnight(self.today - timedelta(days=self.chance.randrange(1, DAYS)))
        first = midnight - timedelta(minutes=self.chance.randrange(1, 60))
        for started in (first, first + timedelta(minutes=self.chance.randrange(0, 60))):
            self._talk(client, started, self._outcome(numbers))

    def _going_on(self, client: str, started: datetime, numbers: list[str]) -> None:
        """A dialog that goes on, and one that is archived while its active row is still there."""
        session = self.active(client, started, intent=self.chance.choice(INTENTS))
        self._messages(client, session, started, timedelta(minutes=30))
        done = self._talk(client, started - timedelta(minutes=50), self._outcome(numbers))
        self.active(client, started - timedelta(minutes=self.chance.randrange(2000)), session_id=done)

    def every_combination(self, first: date, days: int) -> None:
        """Stages with intents, booking statuses with amounts and currencies, services with specialists."""
        client = self.client(full_name='Одна за всех')
        rows: Sequence[dict[str, Any]] = [
            *({'final_intent': intent, 'meta': {'drop_off_stage': stage}}
              for intent, stage in product(INTENTS, STAGES)),
            *({'booking_id': f'c{n}', 'booking_status': status, 'booking_amount': amount, 'booking_currency': currency}
              for n, (status, amount, currency) in enumerate(product(BOOKING_STATUSES, AMOUNTS, CURRENCIES))),
            *({'booking_id': f's{n}', 'booking_amount': 900 + n, 'meta': services | staff}
              for n, (services, staff) in enumerate(product(SERVICES, STAFF))),
        ]  # fmt: skip
        for n, row in enumerate(rows):
            started = self.midnight(first + timedelta(days=n % days)) + timedelta(minutes=n * 7 % 1440)
            self.archive(client, min(started, self.ago(hours=1)), final_status=STATUSES[n % len(STATUSES)], **row)
