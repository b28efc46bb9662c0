"""Archived dialogs with every value that production knows. Rule: what the rows say agrees with what was said.

The older third of the history is as the older bot wrote it: one status, messages without a session, few keys in `meta`.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devstack.demo import words
from devstack.demo.clients import Client, new_id
from devstack.demo.talks import STAGES, Choice, Line, Talk, choose, courses, spoken

INTENTS = ('booking', 'info', 'inquiry', 'reschedule', 'cancel', 'canceled', None)
INTENT_WEIGHTS = (66, 10, 7, 6, 3, 2, 6)
BOOKED_SHARE = 0.44
STAGE_WEIGHTS = (24, 22, 30, 24)
BIG_AMOUNTS = (38_500, 52_000, 74_900)
FOREIGN_CURRENCY = 'KZT'


@dataclass
class Booking:
    """What the bot booked, as columns of the archived row."""

    id: str
    source: str | None
    status: str | None
    at: datetime
    amount: int | None
    currency: str | None


@dataclass
class Dialog:
    """One archived dialog with its lines."""

    session_id: str
    client: Client
    choice: Choice
    started: datetime
    ended: datetime
    status: str
    intent: str | None
    stage: str | None
    booking: Booking | None
    summary: str | None
    lines: list[Line]
    meta: dict[str, Any]
    is_old: bool
    has_counts: bool

    def count(self, *roles: str) -> int | None:
        return sum(role in roles for role, _, _ in self.lines) if self.has_counts else None


class DialogMaker:
    """Makes one dialog after the other; bookings are numbered as it goes."""

    def __init__(self, chance: random.Random, old_until: datetime) -> None:
        self.chance = chance
        self.old_until = old_until
        self.made = 0
        self.booked = 0

    def make(self, client: Client, started: datetime) -> Dialog:
        """One dialog of a client; the client is busy until it ends."""
        chance = self.chance
        self.made += 1
        choice = choose(chance, client, started)
        talk = Talk(chance, client, started, choice)
        intent = chance.choices(INTENTS, INTENT_WEIGHTS)[0]
        if client.is_hostile and chance.random() < 0.7:
            talk.hostile()
        stage, booking, escalated = self._play(talk, intent)
        ended = talk.at + timedelta(seconds=chance.uniform(0, 900))
        client.busy_until = ended + timedelta(minutes=5)
        client.created = client.created or started - timedelta(seconds=chance.random() * 5)
        is_old = started < self.old_until
        return Dialog(
            session_id=new_id(chance),
            client=client,
            choice=choice,
            started=started,
            ended=ended,
            status=self._status(intent, booking, is_old=is_old, escalated=escalated),
            intent=intent,
            stage=stage,
            booking=booking,
            summary=self._summary(talk, intent, booking, escalated=escalated),
            lines=talk.lines,
            meta=self._meta(choice, stage, booking, ended, is_old=is_old),
            is_old=is_old,
            has_counts=not is_old or chance.random() < 0.5,
        )

    def _play(self, talk: Talk, intent: str | None) -> tuple[str | None, Booking | None, bool]:
        chance = self.chance
        if intent != 'booking':
            courses(talk)[intent]()
            escalated = intent is not None and chance.random() < 0.08
            if escalated:
                talk.escalate()
            return None, self._moved(talk, intent), escalated
        if chance.random() < BOOKED_SHARE:
            talk.booking(None)
            return None, self._book(talk), False
        stage = chance.choices(STAGES, STAGE_WEIGHTS)[0]
        talk.booking(stage)
        escalated = chance.random() < 0.05
        if escalated:
            talk.escalate()
        return stage, None, escalated

    def _book(self, talk: Talk) -> Booking:
        """A new booking; the client remembers it, to move or cancel it in a later dialog."""
        chance, choice, client = self.chance, talk.choice, talk.client
        self.booked += 1
        amount: int | None = choice.price
        if chance.random() < 0.04:
            amount = None
        elif chance.random() < 0.004:
            amount = chance.choice(BIG_AMOUNTS)
        booking = Booking(
            id=str(880_000_000 + self.booked * 7),
            source=chance.choices(('bot', 'manual', None), (90, 7, 3))[0],
            status=chance.choices(('confirmed', 'cancelled', None), (86, 8, 6))[0],
            at=choice.moment(client.salon),
            amount=amount,
            currency=chance.choices(('RUB', None, FOREIGN_CURRENCY), (70, 29, 1))[0],
        )
        client.bookings.append((booking.id, choice.price, self.made, booking.at))
        return booking

    def _moved(self, talk: Talk, intent: str | None) -> Booking | None:
        """Some who move a visit keep its number: one booking_id then stands in two dialogs."""
        if intent != 'reschedule' or not talk.client.bookings or self.chance.random() < 0.3:
            return None
        number, price, _, _ = talk.client.bookings[-1]
        return Booking(number, 'bot', 'confirmed', talk.choice.moment(talk.client.salon), price, 'RUB')

    def _status(self, intent: str | None, booking: Booking | None, *, is_old: bool, escalated: bool) -> str:
        if is_old:
            return 'auto_closed'
        if escalated:
            return 'escalated'
        if booking or intent in ('reschedule', 'cancel', 'canceled'):
            return self.chance.choices(('done', 'auto_closed'), (88, 12))[0]
        if intent == 'booking':
            return self.chance.choices(('abandoned', 'dropped', 'auto_closed', 'done'), (55, 12, 30, 3))[0]
        return self.chance.choices(('done', 'auto_closed', 'abandoned'), (50, 45, 5))[0]

    def _summary(self, talk: Talk, intent: str | None, booking: Booking | None, *, escalated: bool) -> str | None:
        if self.chance.random() < 0.25:
            return None
        kind = {'inquiry': 'info', 'canceled': 'cancel', None: 'none'}.get(intent, intent or 'none')
        if intent == 'booking' and not booking:
            kind = 'lost'
        return words.SUMMARIES['escalated' if escalated else kind].format_map(
            {**talk.values, 'day': spoken(talk.choice.day)}
        )

    def _meta(
        self, choice: Choice, stage: str | None, booking: Booking | None, ended: datetime, *, is_old: bool
    ) -> dict[str, Any]:
        chance = self.chance
        if chance.random() < 0.04:
            return {}
        meta: dict[str, Any] = {'drop_off_stage': stage} if stage or chance.random() < 0.5 else {}
        knows_service = booking is not None or stage in STAGES[1:]
        if is_old:
            return meta | ({'services_mentioned': [s.title for s in choice.services]} if knows_service else {})
        if knows_service and chance.random() < 0.93:
            meta |= self._named_services(choice)
        if (booking or stage in STAGES[2:]) and chance.random() < 0.93:
            meta |= {'staff_id': choice.staff.id, 'staff_name': choice.staff.name}
        if booking:
            meta['selected_datetime'] = booking.at.isoformat()
        if chance.random() < 0.85:
            meta['sentiment'] = chance.choices(('positive', 'neutral', 'negative'), (35, 55, 10))[0]
            meta['analyzed_at'] = (ended + timedelta(seconds=chance.uniform(5, 90))).isoformat()
        return self._spoil(meta) if chance.random() < 0.012 else meta

    def _named_services(self, choice: Choice) -> dict[str, Any]:
        """Ids, names or both; the names tell a reader what the ids mean."""
        names = {'services_mentioned': [service.title for service in choice.services]}
        ids = {'services_selected': [service.id for service in choice.services]}
        return self.chance.choices((names | ids, ids, names), (55, 25, 20))[0]

    def _spoil(self, meta: dict[str, Any]) -> dict[str, Any]:
        """Types that nobody promised, as they do occur."""
        return meta | self.chance.choice(
            (
                {'services_mentioned': 'маникюр'},
                {'services_mentioned': {'0': 'Педикюр'}},
                {'services_selected': [10_400_100, None, {'id': 5}]},
                {'services_selected': None},
                {'staff_id': 1_184_300},
                {'staff_name': ['Алёна']},
                {'sentiment': 0.7},
                {'sentiment': 'angry'},
                {'selected_datetime': 'завтра в 15:00'},
                {'analyzed_at': 1_760_000_000},
                {'drop_off_stage': ''},
                {'drop_off_stage': ['date_selection']},
            )
        )
