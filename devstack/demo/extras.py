"""What the demo holds beside archived dialogs: dialogs going on, waiting list, long-term memory, bot's steps."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from devstack.demo import words
from devstack.demo.clients import Client, new_id
from devstack.demo.dialogs import Dialog
from devstack.demo.rows import line
from devstack.demo.salons import Salon, Service
from devstack.demo.talks import Line, Talk, choose

STEPS = ('service_selection', 'staff_selection', 'date_selection', 'time_selection')
WISH_STATUSES = ('pending', 'converted', 'cancelled', 'expired')
COMMENTS = (None, None, 'Только после 18:00', 'Удобно в выходные', '<b>срочно</b>', 'к тому же мастеру')
STEP_TYPES = ('router', 'tool_call', 'llm', 'guardrail', 'reply')


def talk_so_far(chance: random.Random, client: Client, now: datetime) -> tuple[str, list[Line]]:
    """A booking talk that has come to some step; its last line is some seconds to 25 minutes old."""
    step = chance.randrange(len(STEPS))
    started = now - timedelta(days=1)
    talk = Talk(chance, client, started, choose(chance, client, now))
    talk.booking(STEPS[step])
    lines = talk.lines[: max(1, len(talk.lines) - 1)]
    shift = now - lines[-1][2] - timedelta(seconds=chance.uniform(5, 1500))
    return STEPS[step], [(role, text, at + shift) for role, text, at in lines]


def active_line(session_id: str, client: Client, step: str, lines: Sequence[Line]) -> str:
    """The row of a dialog going on."""
    entities: dict[str, Any] | None = {'service': client.salon.services[client.service].title}
    started, last = lines[0][2], lines[-1][2]
    return line(
        session_id, client.salon.id, client.id, step, 'booking', {'step': step, 'attempts': len(lines)}, entities, None,
        started, last, last,
    )  # fmt: skip


def wish_lines(
    chance: random.Random, salon: Salon, clients: Sequence[Client], count: int, now: datetime
) -> Iterator[str]:
    """Waiting-list rows without their id: every status, kind and way to write a date."""
    for number in range(count):
        client = chance.choice(clients)
        status = WISH_STATUSES[number % 4] if number < 8 else chance.choices(WISH_STATUSES, (30, 34, 18, 18))[0]
        age = chance.expovariate(1 / 12) if status == 'pending' else chance.uniform(1, 85)
        created = now - timedelta(days=min(age, 88), seconds=chance.random() * 40_000)
        processed = None if status == 'pending' else min(now, created + timedelta(hours=chance.expovariate(1 / 30)))
        service = salon.services[min(int(chance.expovariate(0.5)), len(salon.services) - 1)]
        kind = chance.choices(('slot', 'slot_waiting', 'service'), (45, 35, 20))[0]
        item = service.id if kind == 'service' else f'{created:%Y%m%d}-{chance.randint(100, 999)}'
        source, comment = chance.choice(('bot', 'manual', None)), chance.choice(COMMENTS)
        meta = _wish_meta(chance, salon, client, service, created)
        yield line(
            salon.id, client.id, kind, item, source, comment, status, meta, created, processed or created, processed
        )


def _wish_meta(
    chance: random.Random, salon: Salon, client: Client, service: Service, created: datetime
) -> dict[str, Any]:
    if chance.random() < 0.04:
        return {}
    staff = chance.choice(salon.specialists)
    day = created.astimezone(salon.zone).date() + timedelta(days=chance.randint(1, 20))
    written = f'{day:%d.%m}' if chance.random() < 0.35 else day.isoformat()
    meta: dict[str, Any] = {
        'service_id': service.id if chance.random() < 0.9 else int(service.id),
        'service_title': service.title,
        'staff_id': staff.id,
        'staff_name': staff.name,
        'date' if chance.random() < 0.7 else 'preferred_date': written,
        'time_preference': chance.choice(('morning', 'day', 'afternoon', 'evening', None)),
    }
    if not client.name or not client.phone or chance.random() < 0.2:
        phone = f'8{chance.randint(9 * 10**9, 10**10 - 1)}'
        meta |= {
            'client_name': chance.choice(words.FEMALE_NAMES),
            'client_phone': phone,
        }
    if chance.random() < 0.15:
        meta.pop(chance.choice(list(meta)))
    return meta


def memory_line(chance: random.Random, client: Client, now: datetime) -> str:
    """What the bot remembers of a client, without its id; any key may be missing."""
    staff, service = client.salon.specialists[client.staff], client.salon.services[client.service]
    past = [at for *_, at in client.bookings if at < now]
    data: dict[str, Any] = {}
    if client.bookings and chance.random() < 0.9:
        data['booking_stats'] = {f'staff_{staff.id}': len(client.bookings)}
    if past:
        data['last_visit_date'] = max(past).date().isoformat()
    if len(past) > 1 and chance.random() < 0.8:
        data['avg_visit_interval'] = round((max(past) - min(past)).days / (len(past) - 1), 1)
    created = client.created or now
    return line(
        client.salon.id, client.id, staff.id if chance.random() < 0.8 else None,
        service.id if chance.random() < 0.7 else None, chance.choice(('morning', 'day', 'evening', None)),
        chance.choice(('ru', 'ru', 'en', None)), chance.random() < 0.9, data, created, now if past else created,
    )  # fmt: skip


def step_lines(chance: random.Random, dialog: Dialog) -> Iterator[str]:
    """The bot's steps in one dialog, without their ids; now and then one fails."""
    correlation = new_id(chance)
    order = 0
    for role, _, at in dialog.lines:
        if role != 'assistant':
            continue
        for kind in chance.sample(STEP_TYPES, 2):
            order += 1
            failed = chance.random() < 0.02
            yield line(
                dialog.client.salon.id, dialog.session_id, dialog.client.id, kind, order, correlation,
                {'tokens': chance.randint(80, 2400), 'ms': chance.randint(60, 4000)}, 'error' if failed else 'ok',
                'TIMEOUT' if failed else None, 'YClients did not answer in 10 s' if failed else None, at,
            )  # fmt: skip
