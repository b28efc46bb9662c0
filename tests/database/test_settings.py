"""A salon's settings: what the bot's row says in either shape, what is wanted, and what becomes of a change."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from devstack.demo.salons import SALON_A, SALON_B, SALON_C
from tests.conftest import AsRole, Connection

OWNER: dict[str, Any] = {'app_role': 'admin', 'tenant_id': SALON_A.id, 'sub': '1'}
STAFF: dict[str, Any] = {'app_role': 'staff', 'tenant_id': SALON_A.id, 'sub': '2'}
STRANGER: dict[str, Any] = {'app_role': 'admin', 'tenant_id': SALON_B.id, 'sub': '3'}
PLATFORM: dict[str, Any] = {'app_role': 'super_admin', 'tenant_id': SALON_C.id, 'sub': '4'}
SYSTEM: dict[str, Any] = {'app_role': 'system'}


class Settings:
    """Reads and changes settings as somebody, in the test's own transaction."""

    def __init__(self, db: Connection, as_role: AsRole) -> None:
        self.db, self.as_role = db, as_role

    def _ask(self, who: dict[str, Any], statement: str, *values: Any) -> Any:
        with self.as_role(**who) as db:
            row = db.execute(statement.encode(), values).fetchone()
        assert row
        return row[0]

    def read(self, who: dict[str, Any] = OWNER) -> dict[str, Any]:
        return dict(self._ask(who, 'select dashboard.salon_settings()'))

    def of(self, name: str, who: dict[str, Any] = OWNER) -> tuple[Any, Any, str]:
        """What is wanted, what is used, and how that stands."""
        found = self.read(who)['settings'][name]
        return found['wanted'], found['used'], found['state']

    def change(self, who: dict[str, Any] = OWNER, *, seen: int | None = None, key: Any = None, **changes: Any) -> Any:
        version = self.read(who)['version'] if seen is None else seen
        return self._ask(
            who, 'select dashboard.change_settings(%s, %s, %s)', key or uuid4(), version, Jsonb(changes)
        )  # fmt: skip

    def commands(self, tenant: str = SALON_A.id) -> list[tuple[Any, ...]]:
        return self.db.execute(
            'select type, client_id, status, data from dashboard.bot_commands'
            " where tenant_id = %s and type = 'settings.changed' order by number",
            (tenant,),
        ).fetchall()

    def bot_has(self, metadata: Any, tenant: str = SALON_A.id) -> None:
        self.db.execute('update public.tenants_v2 set metadata = %s where id = %s', (Jsonb(metadata), tenant))


@pytest.fixture
def salon_settings(db: Connection, as_role: AsRole) -> Iterator[Settings]:
    db.execute("delete from dashboard.bot_commands where type = 'settings.changed'")
    yield Settings(db, as_role)


def test_both_shapes_of_the_bots_notes_are_read(salon_settings: Settings) -> None:
    flat = {name: value['used'] for name, value in salon_settings.read()['settings'].items()}
    assert (flat['closing_time'], flat['admin_chat_id'], flat['yclients_company_id']) == ('21:00', 500100, '410001')
    assert (flat['gap_filtering'], flat['bot_enabled'], flat['branch_name']) == (True, True, 'На Яблоневой')
    nested = {name: value['used'] for name, value in salon_settings.read(STRANGER)['settings'].items()}
    assert (nested['closing_time'], nested['admin_chat_id'], nested['yclients_company_id']) == (
        '20:00', 500200, '520002',
    )  # fmt: skip
    assert (nested['gap_filtering'], nested['bot_enabled'], nested['name']) == (False, None, SALON_B.name)
    older = {name: value['used'] for name, value in salon_settings.read(PLATFORM)['settings'].items()}
    assert (older['closing_time'], older['yclients_company_id'], older['name']) == ('22:00', '630003', SALON_C.name)


@pytest.mark.parametrize('metadata', [
    [], 'text', 7, {'settings': [], 'yclients': 'x', 'telegram': None, 'current_branch': 'y'},
    {'closing_time': '25:00', 'admin_chat_id': 'me', 'enable_gap_filtering': 'perhaps', 'yclients_company_id': {}},
    {'closing_time': ['21:00'], 'admin_chat_id': 1e300, 'current_branch': {'name': ['x'], 'phone': {}, 'address': ' '}},
])  # fmt: skip
def test_odd_notes_are_not_known_and_break_nothing(salon_settings: Settings, metadata: Any) -> None:
    salon_settings.bot_has(metadata)
    used = {name: value['used'] for name, value in salon_settings.read()['settings'].items()}
    assert used.pop('name') == SALON_A.name
    assert set(used.values()) == {None}


@pytest.mark.parametrize(('metadata', 'name', 'used'), [
    ({'closing_time': '9:05'}, 'closing_time', '09:05'), ({'closing_time': '24:00'}, 'closing_time', '00:00'),
    ({'closing_time': '21:00:00'}, 'closing_time', '21:00'),
    ({'enable_gap_filtering': 'False'}, 'gap_filtering', False),
    ({'telegram_bot_enabled': 1}, 'bot_enabled', True), ({'admin_chat_id': '-100500'}, 'admin_chat_id', -100500),
    ({'settings': {'closing_time': '20:00'}, 'closing_time': '21:00'}, 'closing_time', '20:00'),
])  # fmt: skip
def test_a_note_is_understood_in_every_spelling(salon_settings: Settings, metadata: Any, name: str, used: Any) -> None:
    salon_settings.bot_has(metadata)
    assert salon_settings.of(name) == (None, used, 'unset')


def test_of_a_secret_it_is_told_whether_it_is_set_and_nothing_more(salon_settings: Settings) -> None:
    found = [salon_settings.read(who) for who in (OWNER, STRANGER, PLATFORM)]
    assert [one['secrets'] for one in found] == [
        {'yclients': True, 'telegram': True}, {'yclients': True, 'telegram': False},
        {'yclients': True, 'telegram': False},
    ]  # fmt: skip
    salon_settings.change(name='Новое имя', welcome_message='Привет')
    rows = salon_settings.db.execute('select * from dashboard.audits').fetchall()
    told = json.dumps([found, salon_settings.read()], ensure_ascii=False) + str(rows) + str(salon_settings.commands())
    assert 'secret' not in told.replace("'secrets'", '').replace('"secrets"', '')


def test_a_change_is_one_command_with_what_the_bot_uses_and_one_line_of_the_audit(salon_settings: Settings) -> None:
    key = uuid4()
    first = salon_settings.change(key=key, closing_time='20:00', bot_enabled=False, currency='KZT')
    again = [salon_settings.change(key=key, seen=99, closing_time='10:00') for _ in range(20)]
    assert all(answer == first for answer in again)
    ((kind, client, status, data),) = salon_settings.commands()
    assert (kind, client, status) == ('settings.changed', None, 'queued')
    assert data == {'settings': {'closing_time': '20:00', 'bot_enabled': False}}
    line = salon_settings.db.execute('select description, metadata from dashboard.audits where key = %s', (key,))
    assert line.fetchone() == ('bot_enabled, closing_time, currency', {
        'before': {'bot_enabled': None, 'closing_time': None, 'currency': 'RUB'},
        'after': {'bot_enabled': False, 'closing_time': '20:00', 'currency': 'KZT'},
    })  # fmt: skip


def test_what_only_the_dashboard_uses_is_not_sent(salon_settings: Settings) -> None:
    answer = salon_settings.change(timezone='Asia/Yekaterinburg', staff_phones='last4', broadcast_pace='5')
    assert 'command' not in answer
    assert salon_settings.commands() == []
    found = salon_settings.read()
    assert (found['timezone'], found['staff_phones']) == ('Asia/Yekaterinburg', 'last4')
    assert found['broadcast_pace'] == 5


def test_a_setting_says_whether_the_bot_has_taken_it_over(salon_settings: Settings) -> None:
    salon_settings.change(closing_time='20:00', welcome_message='Добрый день')
    assert salon_settings.of('closing_time') == ('20:00', '21:00', 'on_the_way')
    salon_settings.db.execute("update dashboard.bot_commands set status = 'dead', last_error = 'x'")
    assert salon_settings.of('closing_time')[2] == 'failed'
    assert salon_settings.read()['settings']['closing_time']['command']['status'] == 'dead'
    salon_settings.bot_has({'closing_time': '20:00'})
    salon_settings.db.execute("update dashboard.bot_commands set status = 'delivered'")
    assert salon_settings.of('closing_time')[2] == 'taken'
    assert salon_settings.of('welcome_message') == ('Добрый день', None, 'differs')
    assert salon_settings.of('branch_name') == (None, None, 'unset')


def test_an_old_value_never_comes_back_by_trying_again(salon_settings: Settings) -> None:
    first = salon_settings.change(closing_time='19:00', branch_name='Первый')
    salon_settings.db.execute("update dashboard.bot_commands set status = 'failed'")
    salon_settings.change(closing_time='20:00')
    salon_settings._ask(OWNER, 'select dashboard.retry_command(%s, %s)', uuid4(), first['command'])
    sent = [data['settings'] for _type, _client, _status, data in salon_settings.commands()]
    assert sent == [{'branch_name': 'Первый'}, {'closing_time': '20:00'}, {'branch_name': 'Первый'}]
    assert salon_settings.of('branch_name')[2] == 'on_the_way'


def test_a_wish_that_is_taken_back_is_told_to_the_bot(salon_settings: Settings) -> None:
    salon_settings.change(quiet_from='22:00', quiet_to='08:00')
    salon_settings.change(quiet_from=None, quiet_to='')
    assert salon_settings.commands()[-1][3] == {'settings': {'quiet_from': None, 'quiet_to': None}}


def test_a_value_of_the_bots_own_is_taken_from_it_and_a_wish_is_told_it_once_more(salon_settings: Settings) -> None:
    salon_settings.change(branch_name=None)
    assert salon_settings.commands()[-1][3] == {'settings': {'branch_name': None}}
    assert salon_settings.of('branch_name') == (None, 'На Яблоневой', 'on_the_way')
    salon_settings.change(closing_time='20:00')
    with pytest.raises(psycopg.Error, match='nothing_changed'):
        salon_settings.change(closing_time='20:00')
    salon_settings.db.execute("update dashboard.bot_commands set status = 'delivered'")
    assert salon_settings.of('closing_time')[2] == 'differs'
    salon_settings.change(closing_time='20:00')
    assert salon_settings.commands()[-1][2:] == ('queued', {'settings': {'closing_time': '20:00'}})


def test_who_did_not_see_the_last_change_is_told_of_it(salon_settings: Settings) -> None:
    seen = salon_settings.read()['version']
    salon_settings.change(seen=seen, name='Первое имя')
    with pytest.raises(psycopg.Error) as refused:
        salon_settings.change(seen=seen, name='Второе имя')
    assert (refused.value.sqlstate, refused.value.diag.message_primary) == ('PT409', 'changed_meanwhile')
    told = json.loads(str(refused.value.diag.message_detail))
    assert (told['version'], told['by']) == (seen + 1, 'Ольга Ветрова')
    assert salon_settings.of('name')[0] == 'Первое имя'
    salon_settings.change(seen=told['version'], name='Второе имя')
    assert salon_settings.of('name')[0] == 'Второе имя'


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, 'nothing_changed', ''), ({'version': 7}, 'not_in_list', ''), ({'tenant_id': SALON_B.id}, 'not_in_list', ''),
    ({'name': 'я' * 201}, 'too_long', 'name'), ({'welcome_message': 'я' * 2001}, 'too_long', 'welcome_message'),
    ({'branch_phone': '1' * 41}, 'too_long', 'branch_phone'),
    ({'branch_phone': 'звоните'}, 'phone_format', 'branch_phone'),
    ({'closing_time': '25:00'}, 'time_format', 'closing_time'),
    ({'opening_time': 'утром'}, 'time_format', 'opening_time'),
    ({'opening_time': '10:00', 'closing_time': '10:00'}, 'same_times', 'closing_time'),
    ({'quiet_from': '22:00'}, 'both_or_none', 'quiet_to'), ({'quiet_to': '08:00'}, 'both_or_none', 'quiet_from'),
    ({'admin_chat_id': 'я'}, 'chat_id_format', 'admin_chat_id'),
    ({'admin_chat_id': '0'}, 'chat_id_format', 'admin_chat_id'),
    ({'admin_chat_id': '9' * 19}, 'chat_id_format', 'admin_chat_id'),
    ({'yclients_company_id': '-1'}, 'digits_only', 'yclients_company_id'),
    ({'bot_enabled': 'maybe'}, 'not_in_list', 'bot_enabled'), ({'gap_filtering': {}}, 'not_in_list', 'gap_filtering'),
    ({'timezone': None}, 'required', 'timezone'), ({'timezone': 'MSK'}, 'not_in_list', 'timezone'),
    ({'timezone': 'Foo/Bar+3'}, 'not_in_list', 'timezone'),
    ({'timezone': 'posix/Europe/Moscow'}, 'not_in_list', 'timezone'),
    ({'currency': 'XXX'}, 'not_in_list', 'currency'), ({'staff_phones': 'all'}, 'not_in_list', 'staff_phones'),
    ({'broadcast_pace': '21'}, 'not_in_list', 'broadcast_pace'),
    ({'broadcast_pace': '-1'}, 'not_in_list', 'broadcast_pace'),
]  # fmt: skip


@pytest.mark.parametrize(('changes', 'reason', 'field'), WRONG)
def test_what_cannot_be_meant_is_refused_at_its_field(
    salon_settings: Settings, changes: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        salon_settings.change(**changes)
    assert (refused.value.sqlstate, refused.value.diag.message_primary) == ('PT400', reason)
    assert (refused.value.diag.message_detail or '') == field
    assert salon_settings.commands() == []


@pytest.mark.parametrize('who', [STAFF, SYSTEM, {'app_role': 'admin', 'tenant_id': SALON_B.id, 'sub': '1'}])
def test_who_is_no_owner_changes_nothing(salon_settings: Settings, who: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as refused:
        salon_settings.change(who, seen=0, name='Моё')
    assert refused.value.sqlstate == 'PT403'


@pytest.mark.parametrize('who', [STAFF, SYSTEM])
def test_who_is_no_owner_reads_nothing(salon_settings: Settings, who: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as refused:
        salon_settings.read(who)
    assert refused.value.sqlstate == 'PT403'


def test_an_owners_change_stays_in_the_own_salon(salon_settings: Settings) -> None:
    salon_settings.change(name='Только здесь')
    assert salon_settings.of('name', STRANGER)[0] is None


@pytest.mark.parametrize('column', ['admin_chat_id', 'welcome_message', 'commands', 'version'])
def test_the_api_gives_the_wishes_to_nobody(as_role: AsRole, column: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), as_role(**STAFF) as db:
        db.execute(f'select {column} from dashboard.tenant_settings'.encode())


# --- the platform's list


def test_the_platform_sees_how_every_salon_is_doing(db: Connection, as_role: AsRole) -> None:
    db.execute("delete from dashboard.bot_commands where type = 'settings.changed'")
    db.execute('delete from dashboard.refused_callbacks')
    db.execute(
        'insert into dashboard.bot_commands (id, key, tenant_id, type, status, finished_at)'
        " select gen_random_uuid(), gen_random_uuid(), %s, 'client.message', s, f from (values ('queued', null),"
        " ('dead', now()), ('failed', now() - interval '6 days'), ('failed', now() - interval '8 days'),"
        " ('delivered', now())) v(s, f)",
        (SALON_B.id,),
    )
    db.execute(
        "insert into dashboard.refused_callbacks values ((now() at time zone 'utc')::date, 'forged', 3),"
        " ((now() at time zone 'utc')::date - 6, 'forged', 4), ((now() at time zone 'utc')::date - 7, 'old', 9)"
    )
    with as_role(**PLATFORM) as platform:
        row = platform.execute('select dashboard.list_salons()').fetchone()
    assert row
    salons = {salon['id']: salon for salon in row[0]['salons']}
    assert {SALON_A.id, SALON_B.id, SALON_C.id} <= salons.keys()
    b = salons[SALON_B.id]
    assert (b['open_commands'], b['failed_commands'], b['timezone'], b['has_settings']) == (
        1,
        2,
        'Asia/Vladivostok',
        True,
    )
    today = db.execute(
        'select count(*) from dashboard.dialogs where tenant_id = %s and (started_at at time zone %s)::date'
        ' = (now() at time zone %s)::date', (SALON_B.id, SALON_B.timezone, SALON_B.timezone),
    ).fetchone()  # fmt: skip
    assert (b['dialogs_today'],) == today
    assert row[0]['refused'] == [{'reason': 'forged', 'number': 7}]


@pytest.mark.parametrize('who', [OWNER, STAFF, SYSTEM])
def test_only_the_platform_sees_all_salons(as_role: AsRole, who: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as refused, as_role(**who) as db:
        db.execute('select dashboard.list_salons()')
    assert refused.value.sqlstate == 'PT403'


def create(db: Connection, salon: Any, timezone: str = 'Asia/Almaty', currency: str = 'KZT', key: Any = None) -> None:
    db.execute('select dashboard.create_settings(%s, %s, %s, %s)', (key or uuid4(), salon, timezone, currency))


def test_the_platform_gives_a_new_salon_its_settings_once(db: Connection, as_role: AsRole) -> None:
    row = db.execute("insert into public.tenants_v2 (name) values ('Новый') returning id").fetchone()
    assert row
    key = uuid4()
    with as_role(**PLATFORM) as platform:
        create(platform, row[0], key=key)
        create(platform, row[0], key=key)
    made = 'select timezone, currency from dashboard.tenant_settings where tenant_id = %s'
    assert db.execute(made, row).fetchone() == ('Asia/Almaty', 'KZT')
    with pytest.raises(psycopg.Error) as refused, as_role(**PLATFORM) as platform:
        create(platform, row[0])
    assert (refused.value.sqlstate, refused.value.diag.message_primary) == ('PT409', 'has_settings')


@pytest.mark.parametrize(('who', 'salon', 'zone', 'state'), [
    (OWNER, SALON_A.id, 'Asia/Almaty', 'PT403'), (STAFF, SALON_A.id, 'Asia/Almaty', 'PT403'),
    (PLATFORM, str(uuid4()), 'Asia/Almaty', 'PT404'), (PLATFORM, SALON_A.id, '', 'PT400'),
])  # fmt: skip
def test_settings_are_made_by_the_platform_for_salons_that_exist(
    as_role: AsRole, who: dict[str, Any], salon: str, zone: str, state: str
) -> None:
    with pytest.raises(psycopg.Error) as refused, as_role(**who) as db:
        create(db, salon, zone)
    assert refused.value.sqlstate == state
