"""The salons' clients: names, phones in every notation, channels. Rule: a client's channel and texts never change."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from devstack.demo import words
from devstack.demo.salons import Salon

PHONE_FORMS = (
    '+7 {a} {b}-{c}-{d}',
    '7{a}{b}{c}{d}',
    '8{a}{b}{c}{d}',
    '+7{a}{b}{c}{d}',
    '8 ({a}) {b}-{c}-{d}',
    '{a} {b} {c}{d}',
)


@dataclass
class Client:
    """One client of one salon, and what the generator remembers between dialogs."""

    id: str
    salon: Salon
    name: str | None
    phone: str | None
    channel: str
    telegram: int | None
    whatsapp: str | None
    yclients_id: int | None
    is_hostile: bool
    staff: int
    service: int
    created: datetime | None = None
    busy_until: datetime | None = None
    bookings: list[tuple[str, int, int, datetime]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


def new_id(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _phone(chance: random.Random) -> str:
    digits = {'a': chance.randint(900, 999), 'b': chance.randint(100, 999)}
    return chance.choice(PHONE_FORMS).format(**digits, c=chance.randint(10, 99), d=chance.randint(10, 99))


def _name(chance: random.Random) -> str:
    if chance.random() < 0.86:
        first, ending = chance.choice(words.FEMALE_NAMES), 'а'
    else:
        first, ending = chance.choice(words.MALE_NAMES), ''
    style = chance.random()
    if style < 0.2:
        return first
    family = chance.choice(words.FAMILY_NAMES) + ending
    return f'{family} {first}' if style < 0.35 else f'{first} {family}'


def make_clients(chance: random.Random, salon: Salon, count: int) -> list[Client]:
    """The first ones are the hostile ones, so that even a small demo holds them all."""
    clients = [_client(chance, salon) for _ in range(count)]
    for client, name in zip(clients, words.HOSTILE_NAMES, strict=False):
        client.name, client.is_hostile = name, True
    return clients


def _client(chance: random.Random, salon: Salon) -> Client:
    is_telegram = chance.random() < salon.telegram_share
    phone = _phone(chance) if chance.random() < 0.86 else None
    digits = ''.join(filter(str.isdigit, phone or str(chance.randint(9_000_000_000, 9_999_999_999))))
    return Client(
        id=new_id(chance),
        salon=salon,
        name=_name(chance) if chance.random() < 0.94 else None,
        phone=phone,
        channel='telegram' if is_telegram else 'whatsapp',
        telegram=chance.randint(100_000_000, 7_999_999_999) if is_telegram else None,
        whatsapp=None if is_telegram else f'7{digits[-10:]}@c.us',
        yclients_id=chance.randint(10_000_000, 99_999_999) if chance.random() < 0.7 else None,
        is_hostile=False,
        staff=chance.randrange(len(salon.specialists)),
        service=min(int(chance.expovariate(0.5)), len(salon.services) - 1),
        meta={'source': chance.choice(('instagram', 'карты', 'подруга'))} if chance.random() < 0.3 else {},
    )
