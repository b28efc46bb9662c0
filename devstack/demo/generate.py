"""Makes the demo's rows, table by table, as COPY text. Rule: equal plans make equal bytes."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, count

from devstack.demo import extras
from devstack.demo.clients import Client, make_clients, new_id
from devstack.demo.clock import start_times
from devstack.demo.dialogs import Dialog, DialogMaker
from devstack.demo.rows import client_line, dialog_line, line, message_lines
from devstack.demo.salons import SALONS, Salon

DENSE_DIALOGS = 6000  # up to here the history is 90 days long; more dialogs make it longer, then denser
SHORT_HISTORY, LONG_HISTORY = 90, 1095
OLD_SHARE = 0.35
WITHOUT_SESSION_SHARE = 0.8
DIALOGS_PER_CLIENT = 2.6
CHUNK = 2000
WISHES_PER_SALON = 60
STEPS_KEPT = 400

Chunk = tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """How much demo, ending when, from which seed. `days` None: as long as the number of dialogs asks for."""

    seed: int = 1
    dialogs: int = 5000
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    days: int | None = None

    @property
    def history(self) -> int:
        """Days of history."""
        if self.days is not None:
            return self.days
        return min(LONG_HISTORY, max(SHORT_HISTORY, SHORT_HISTORY * self.dialogs // DENSE_DIALOGS))


class Generator:
    """Keeps the clients and the running numbers while the rows are made."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.begin = plan.now - timedelta(days=plan.history)
        self.maker = DialogMaker(self.chance, self.begin + (plan.now - self.begin) * OLD_SHARE)
        self.clients: dict[str, list[Client]] = {}
        self.unmet: dict[str, list[Client]] = {}
        self.message_id = 1
        self.latest: list[Dialog] = []

    def chunks(self) -> Iterator[Chunk]:
        """Every row of the bot's tables; clients come late, because their first dialog tells when they came."""
        yield 'tenants_v2', ''.join(self._salon_line(salon) for salon in SALONS)
        self._invite_clients()
        yield from self._archived()
        yield from self._going_on()
        yield 'clients_v2', ''.join(self._client_lines())
        yield 'wishlist_v2', ''.join(self._numbered(chain.from_iterable(map(self._wishes, SALONS))))
        yield 'user_ltm_v2', ''.join(self._numbered(self._memories()))
        steps = chain.from_iterable(extras.step_lines(self.chance, dialog) for dialog in self.latest)
        yield 'agent_trajectories_v2', ''.join(self._numbered(steps))

    def _salon_line(self, salon: Salon) -> str:
        opened = self.begin - timedelta(days=30)
        return line(salon.id, salon.name, salon.slug, True, salon.metadata, opened, opened)

    def _invite_clients(self) -> None:
        for salon in SALONS:
            wanted = max(25, int(self.plan.dialogs * salon.share / DIALOGS_PER_CLIENT))
            clients = make_clients(self.chance, salon, wanted)
            self.unmet[salon.id] = [client for client in clients if client.is_hostile]
            self.chance.shuffle(clients)
            self.clients[salon.id] = clients

    def _archived(self) -> Iterator[Chunk]:
        starts = sorted(
            (at, number)
            for number, salon in enumerate(SALONS)
            for at in start_times(
                self.chance, salon, round(self.plan.dialogs * salon.share), self.plan.history, self.plan.now
            )
        )
        for first in range(0, len(starts), CHUNK):
            part = starts[first : first + CHUNK]
            dialogs = [self.maker.make(self._who(SALONS[number], at), at) for at, number in part]
            dialogs = [dialog for dialog in dialogs if dialog.ended < self.plan.now]
            self.latest = (self.latest + dialogs)[-STEPS_KEPT:]
            yield 'conversation_sessions_v2', ''.join(map(dialog_line, count(first + 1), dialogs))
            yield 'recent_history_v2', ''.join(chain.from_iterable(map(self._messages, dialogs)))

    def _who(self, salon: Salon, at: datetime) -> Client:
        """Somebody who is not in another dialog; some come often, most seldom."""
        unmet, clients = self.unmet[salon.id], self.clients[salon.id]
        if unmet and self.maker.made % 9 == 0:
            return unmet.pop()
        while True:
            client = clients[int(len(clients) * self.chance.random() ** 1.7)]
            if client.busy_until is None or client.busy_until < at:
                return client

    def _messages(self, dialog: Dialog) -> list[str]:
        with_session = not dialog.is_old or self.chance.random() > WITHOUT_SESSION_SHARE
        lines = message_lines(self.message_id, dialog, with_session=with_session)
        self.message_id += len(lines)
        return lines

    def _going_on(self) -> Iterator[Chunk]:
        """Some talks of the last minutes, one forgotten two days ago, one whose archive row is there already."""
        active: list[str] = []
        messages: list[str] = []
        for number, salon in enumerate(SALONS):
            for _ in range(5 - number):
                client = self._who(salon, self.plan.now - timedelta(hours=1))
                client.busy_until = self.plan.now + timedelta(days=1)
                active.append(self._active(client, self.plan.now, messages))
            active.append(self._active(self._who(salon, self.plan.now), self.plan.now - timedelta(days=2), messages))
            archived = next(dialog for dialog in reversed(self.latest) if dialog.client.salon is salon)
            active.append(extras.active_line(archived.session_id, archived.client, 'finished', archived.lines))
        yield 'active_sessions_v2', ''.join(active)
        yield 'recent_history_v2', ''.join(messages)

    def _active(self, client: Client, now: datetime, messages: list[str]) -> str:
        session_id = new_id(self.chance)
        step, lines = extras.talk_so_far(self.chance, client, now)
        client.created = min(client.created or now, lines[0][2])
        for role, text, at in lines:
            messages.append(
                line(self.message_id, client.salon.id, client.id, session_id, role, client.channel, text, {}, at)
            )
            self.message_id += 1
        return extras.active_line(session_id, client, step, lines)

    def _client_lines(self) -> Iterator[str]:
        for client in chain.from_iterable(self.clients.values()):
            yield client_line(
                client, client.created or self.begin + (self.plan.now - self.begin) * self.chance.random()
            )

    def _wishes(self, salon: Salon) -> Iterator[str]:
        known = [client for client in self.clients[salon.id] if client.created]
        return extras.wish_lines(self.chance, salon, known, WISHES_PER_SALON, self.plan.now)

    def _memories(self) -> Iterator[str]:
        for client in chain.from_iterable(self.clients.values()):
            if client.created and self.chance.random() < 0.5:
                yield extras.memory_line(self.chance, client, self.plan.now)

    def _numbered(self, lines: Iterator[str]) -> Sequence[str]:
        return [f'{number}\t{text}' for number, text in enumerate(lines, 1)]
