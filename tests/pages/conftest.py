"""What the page stories share: plain ways to say what a page shows, and a salon that is made for one test."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import bcrypt
import psycopg
import pytest
from psycopg.types.json import Jsonb

from devstack.stack import Stack

PASSWORD = 'only-for-this-test'


class SmallSalon:
    """A salon of its own with an owner, made for one test and taken away afterwards."""

    def __init__(self, db: psycopg.Connection[Any], hashed: str) -> None:
        self.db = db
        self.id = str(uuid4())
        self.email = f'{self.id[:8]}@pages.test'
        db.execute("insert into public.tenants_v2 (id, name) values (%s, 'Салон для пробы')", (self.id,))
        db.execute(
            "insert into dashboard.users (email, encrypted_password, role, tenant_id) values (%s, %s, 'admin', %s)",
            (self.email, hashed, self.id),
        )

    def client(self, name: str | None = 'Проба', phone: str | None = None) -> str:
        """A client of the salon; the key."""
        row = self.db.execute(
            'insert into public.clients_v2 (tenant_id, full_name, phone) values (%s, %s, %s) returning id::text',
            (self.id, name, phone),
        ).fetchone()
        assert row
        return str(row[0])

    def archived(self, client: str, *, ago: str = '2 hours', lasted: str = '30 minutes', **columns: Any) -> str:
        """A dialog in the archive; its key."""
        session = str(uuid4())
        values = {'channel': 'telegram', 'final_status': 'done', 'meta': {}} | columns
        names = ', '.join(values)
        places = ', '.join(['%s'] * len(values))
        self.db.execute(
            'insert into public.conversation_sessions_v2'
            f' (session_id, tenant_id, user_id, started_at, ended_at, {names})'
            f' values (%s, %s, %s, now() - %s::interval, now() - %s::interval + %s::interval, {places})'.encode(),
            (session, self.id, client, ago, ago, lasted, *(jsonb(value) for value in values.values())),
        )
        return session

    def active(self, client: str, **columns: Any) -> str:
        """A dialog that goes on; its key."""
        session = str(uuid4())
        values = {'state_data': {}} | columns
        names, places = ', '.join(values), ', '.join(['%s'] * len(values))
        self.db.execute(
            f'insert into public.active_sessions_v2 (session_id, tenant_id, user_id, {names})'
            f' values (%s, %s, %s, {places})'.encode(),
            (session, self.id, client, *(jsonb(value) for value in values.values())),
        )
        return session

    def says(self, client: str, session: str | None, text: str, *, role: str = 'user', ago: str = '0 s') -> int:
        """A message of a dialog; its number."""
        row = self.db.execute(
            'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
            ' values (%s, %s, %s, %s, %s, clock_timestamp() - %s::interval) returning id',
            (self.id, client, session, role, text, ago),
        ).fetchone()
        assert row
        return int(row[0])

    def forget(self) -> None:
        """Take away all that was made."""
        for table in ('recent_history_v2', 'active_sessions_v2', 'conversation_sessions_v2', 'clients_v2'):
            self.db.execute(f'delete from public.{table} where tenant_id = %s'.encode(), (self.id,))
        for table in ('broadcast_recipients', 'broadcasts', 'saved_views', 'audits', 'users', 'metrics_dailies',
                      'metrics_breakdowns', 'tenant_settings', 'bot_commands',
                      'client_notes', 'client_figures', 'client_watermarks', 'client_opt_outs'):  # fmt: skip
            self.db.execute(f'delete from dashboard.{table} where tenant_id = %s'.encode(), (self.id,))
        self.db.execute('delete from public.tenants_v2 where id = %s', (self.id,))


def jsonb(value: Any) -> Any:
    """A value as a statement takes it."""
    return Jsonb(value) if isinstance(value, (dict, list)) else value


@pytest.fixture
def small_salon(stack: Stack) -> Iterator[SmallSalon]:
    """A new salon without dialogs; its owner signs in with `salon.email` and `PASSWORD`."""
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:
        salon = SmallSalon(db, bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode())
        yield salon
        salon.forget()
