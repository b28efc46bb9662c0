"""The demo: deterministic, and with every odd value that production knows."""

import hashlib
from datetime import UTC, datetime

import pytest

from devstack.demo import ACCOUNTS, Plan
from devstack.demo.generate import Generator
from devstack.demo.salons import SALONS
from tests.conftest import Connection

NOW = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)

# Each condition must hold for some row.
ODD_ROWS = {
    'a client without a phone': 'clients_v2 where phone is null',
    'a client without a name': 'clients_v2 where full_name is null',
    'a phone with +7 and spaces': "clients_v2 where phone like '+7 %%'",
    'a phone that begins with 8': "clients_v2 where phone ~ '^8[0-9]{10}$'",
    'a name with markup': "clients_v2 where full_name like '%%onerror%%'",
    'a name that a spreadsheet would run': "clients_v2 where full_name like '=%%'",
    'a right-to-left mark': "clients_v2 where full_name like '%%' || U&'\\202E' || '%%'",
    'a message of 20,000 characters': 'recent_history_v2 where length(message) = 20000',
    'a message without a session': 'recent_history_v2 where session_id is null',
    'a message on an unknown channel': "recent_history_v2 where channel = 'unknown'",
    'an operator': "recent_history_v2 where role = 'operator'",
    'a system message': "recent_history_v2 where role = 'system'",
    'an intent that is null': 'conversation_sessions_v2 where final_intent is null',
    'a booking under auto_closed': "conversation_sessions_v2 where final_status = 'auto_closed' and booking_id > ''",
    'a cancelled booking': "conversation_sessions_v2 where booking_status = 'cancelled'",
    'a booking without a status': "conversation_sessions_v2 where booking_id > '' and booking_status is null",
    'a booking without an amount': "conversation_sessions_v2 where booking_id > '' and booking_amount is null",
    'a booking without a currency': "conversation_sessions_v2 where booking_id > '' and booking_currency is null",
    'an empty meta': "conversation_sessions_v2 where meta = '{}'",
    'services by name': "conversation_sessions_v2 where meta ? 'services_mentioned' and not meta ? 'services_selected'",
    'services by id': "conversation_sessions_v2 where meta ? 'services_selected' and not meta ? 'services_mentioned'",
    'counts that are missing': 'conversation_sessions_v2 where messages_count is null',
    'a dialog without an end': 'conversation_sessions_v2 where ended_at is null',
    'a date as DD.MM': "wishlist_v2 where meta ->> 'date' ~ '^[0-9]{2}[.][0-9]{2}$'",
    'the older key preferred_date': "wishlist_v2 where meta ? 'preferred_date'",
    'nested metadata': "tenants_v2 where metadata ? 'yclients'",
    'flat metadata': "tenants_v2 where metadata ? 'telegram_bot_token'",
    'an active dialog that is archived already':
        'active_sessions_v2 a where exists (select from conversation_sessions_v2 c where c.session_id = a.session_id)',
    'an active dialog forgotten for days': "active_sessions_v2 where last_activity_at < now() - interval '1 day'",
    'no memory of a last visit': "user_ltm_v2 where not ltm_data ? 'last_visit_date'",
}  # fmt: skip


def fingerprint(plan: Plan) -> str:
    digest = hashlib.sha256()
    for table, text in Generator(plan).chunks():
        digest.update(f'{table}\n{text}'.encode())
    return digest.hexdigest()


def test_equal_seeds_make_equal_rows_and_other_seeds_others() -> None:
    first = fingerprint(Plan(seed=7, dialogs=300, now=NOW))
    assert first == fingerprint(Plan(seed=7, dialogs=300, now=NOW))
    assert first != fingerprint(Plan(seed=8, dialogs=300, now=NOW))


@pytest.mark.parametrize('condition', ODD_ROWS.values(), ids=ODD_ROWS)
def test_the_demo_holds(db: Connection, condition: str) -> None:
    row = db.execute(f'select exists (select from public.{condition})'.replace('%%', '%').encode()).fetchone()
    assert row == (True,)


@pytest.mark.parametrize(
    ('column', 'wanted'),
    [
        ('final_status', {'done', 'abandoned', 'dropped', 'auto_closed', 'escalated'}),
        ('final_intent', {'booking', 'info', 'inquiry', 'reschedule', 'cancel', 'canceled', None}),
        ('channel', {'telegram', 'whatsapp'}),
        ('booking_source', {'bot', 'manual', None}),
    ],
)
def test_every_known_value_occurs(db: Connection, column: str, wanted: set[str | None]) -> None:
    rows = db.execute(f'select distinct {column} from public.conversation_sessions_v2'.encode())
    assert {row[0] for row in rows} >= wanted


def test_a_message_without_a_session_lies_within_exactly_one_dialog(db: Connection) -> None:
    row = db.execute(
        """
        select count(*), count(*) filter (where dialogs = 1) from (
            select m.id, count(c.id) as dialogs
            from public.recent_history_v2 m
            left join public.conversation_sessions_v2 c on c.tenant_id = m.tenant_id and c.user_id = m.user_id
                and m.created_at between c.started_at and coalesce(c.ended_at, c.created_at)
            where m.session_id is null group by m.id) found
        """
    ).fetchone()
    assert row
    assert row[0] == row[1] > 100


def test_the_dialogs_read_like_a_salons_business(db: Connection) -> None:
    row = db.execute(
        """
        select count(booking_id)::numeric / count(*), min(started_at) > now() - interval '91 days',
               max(started_at) > now() - interval '1 day', percentile_cont(0.5) within group (order by booking_amount)
        from public.conversation_sessions_v2
        """
    ).fetchone()
    assert row
    conversion, is_recent, ends_now, typical_amount = row
    assert 0.22 < conversion < 0.38
    assert is_recent
    assert ends_now
    assert 800 < typical_amount < 9000


def test_the_bots_answers_take_2_to_30_seconds(db: Connection) -> None:
    row = db.execute(
        """
        select min(seconds), percentile_cont(0.5) within group (order by seconds), max(seconds) from (
            select extract(epoch from created_at - lag(created_at) over w) as seconds, role, lag(role) over w as before
            from public.recent_history_v2 where session_id is not null
            window w as (partition by session_id order by created_at, id)) found
        where role = 'assistant' and before = 'user'
        """
    ).fetchone()
    assert row
    assert 1.9 < row[0] < row[1] < 15


def test_identities_go_on_after_the_demos_last_row(db: Connection) -> None:
    row = db.execute(
        'insert into public.recent_history_v2 (tenant_id, user_id, role, message)'
        " select tenant_id, id, 'user', 'x' from public.clients_v2 limit 1"
        ' returning id > (select max(id) from public.recent_history_v2)'
    ).fetchone()
    assert row == (True,)


def test_the_four_accounts_exist_with_a_strong_hash_and_the_salons_with_their_zones(db: Connection) -> None:
    users = {email: (role, digest) for email, role, digest in db.execute(
        'select email, role, encrypted_password from dashboard.users')}  # fmt: skip
    assert {email: users[email][0] for email, *_ in ACCOUNTS} == {email: role for email, _, _, role, _ in ACCOUNTS}
    assert all(digest.startswith('$2b$12$') for _, digest in users.values() if digest)
    zones = db.execute('select tenant_id::text, timezone from dashboard.tenant_settings').fetchall()
    assert set(zones) >= {(salon.id, salon.timezone) for salon in SALONS}
