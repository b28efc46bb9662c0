"""Who may do what with which table and function, tried through the API as the app, a visitor or an intruder would.

Every table, view and function of both schemas stands in a list here: a new one without an expectation fails.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from devstack.demo.salons import SALON_A, SALON_B, SALON_C
from devstack.stack import Stack
from tests.conftest import AsRole, Connection
from tests.database.plain_sql import PlainFigures

A, B, C = SALON_A.id, SALON_B.id, SALON_C.id
EVERY = frozenset({A, B, C})
NONE: frozenset[str] = frozenset()
CLAIMS: dict[str, dict[str, Any]] = {
    'owner': {'app_role': 'admin', 'tenant_id': A, 'sub': '1'},
    'staff': {'app_role': 'staff', 'tenant_id': A, 'sub': '2'},
    'stranger': {'app_role': 'admin', 'tenant_id': B, 'sub': '3'},
    'platform': {'app_role': 'super_admin', 'tenant_id': A, 'sub': '4'},
    'platform without a salon': {'app_role': 'super_admin', 'sub': '4'},
    'system': {'app_role': 'system'},
    'nobody in particular': {'tenant_id': A},
    'garbage': {'app_role': 'root', 'tenant_id': "a' or true --", 'sub': '1; drop table x'},
    'odd types': {'app_role': ['admin'], 'tenant_id': {'id': A}, 'sub': 1e300},
    'an empty salon': {'app_role': 'admin', 'tenant_id': '', 'sub': ''},
    'person of Supabase Auth': {'role': 'authenticated', 'app_role': 'admin', 'tenant_id': A},
}
REFUSED = ('visitor', 'person of Supabase Auth')
PEOPLE = (*CLAIMS, 'visitor')

# Whose rows each person sees, by the kind of table; who is not named sees none.
ONE_SALON = {'owner': {A}, 'staff': {A}, 'stranger': {B}, 'platform': {A}, 'system': EVERY}
ALL_FOR_THE_PLATFORM = {**ONE_SALON, 'platform': EVERY, 'platform without a salon': EVERY}
NOT_FOR_STAFF = {**ALL_FOR_THE_PLATFORM, 'staff': NONE}
FOR_OWNERS = {**ONE_SALON, 'staff': NONE}
NOT_FOR_THE_PLATFORMS_EYES = {'system': EVERY}
TABLES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ('public.clients_v2', 'public.active_sessions_v2', 'public.conversation_sessions_v2',
         'public.recent_history_v2', 'public.wishlist_v2', 'public.user_ltm_v2', 'public.agent_trajectories_v2',
         'dashboard.archived_dialogs', 'dashboard.active_dialogs', 'dashboard.dialogs', 'dashboard.unlinked_messages',
         'dashboard.metrics_dailies', 'dashboard.metrics_breakdowns', 'dashboard.metrics_watermarks',
         'dashboard.alerts', 'dashboard.alert_rules',
         'dashboard.alert_checks', 'dashboard.bookings', 'dashboard.bot_commands', 'dashboard.client_opt_outs',
         'dashboard.wishlist_actions', 'dashboard.wishlist_states',
         'dashboard.client_figures', 'dashboard.client_watermarks', 'dashboard.client_notes'), ONE_SALON),
    **dict.fromkeys(
        ('public.tenants_v2', 'dashboard.salons', 'dashboard.tenant_settings', 'dashboard.users'),
        ALL_FOR_THE_PLATFORM),
    'dashboard.audits': NOT_FOR_STAFF,
    'dashboard.broadcasts': FOR_OWNERS,
    'dashboard.broadcast_recipients': FOR_OWNERS,
    'dashboard.saved_views': FOR_OWNERS,
    'dashboard.broadcast_pace': {},
    'dashboard.login_attempts': {},
    'dashboard.waiting_entries': {},
    'dashboard.bot_events': {},
    'dashboard.refused_callbacks': {},
    'dashboard.user_links': {},
    'dashboard.live_canary': NOT_FOR_THE_PLATFORMS_EYES,
}  # fmt: skip
WITHOUT_TENANT = {'public.tenants_v2': 'id', 'dashboard.salons': 'id'}
UNGRANTED = {'dashboard.login_attempts': 'email', 'dashboard.bot_events': 'id', 'dashboard.refused_callbacks': 'reason',
             'dashboard.waiting_entries': 'version', 'dashboard.user_links': 'purpose',
             'dashboard.broadcast_pace': 'tenant_id'}  # fmt: skip
"""Tables that nobody reads through the API, with a text column of each."""
CANARY = 'dashboard.live_canary'

SYSTEM_ONLY: dict[str, dict[str, Any]] = {
    'begin_sign_in': {'email': 'owner@demo.salon', 'address': '10.9.9.9'},
    'finish_sign_in': {'attempt': 1, 'user_id': 1, 'succeeded': True, 'address': '', 'user_agent': ''},
    'create_user': {'email': 'new@demo.salon', 'encrypted_password': 'x', 'role': 'super_admin', 'tenant': None},
    'salons_for_jobs': {},
    'check_alerts': {'tenant': A},
    'notify_alert': {'alert': 1, 'text': 'intruder'},
    'digest_due': {'tenant': A},
    'send_digest': {'tenant': A, 'day': '2026-01-01', 'text': 'intruder'},
    'begin_collection': {'tenant': A, 'first_day': '2026-01-01', 'last_day': '2026-01-02'},
    'collect_days': {'tenant': A, 'first_day': '2026-01-01', 'last_day': '2026-01-02'},
    'end_collection': {'tenant': A, 'begun': '2026-01-01T00:00:00+00:00'},
    'forget_stored_day': {'tenant': A, 'session': str(uuid4())},
    'touch_canary': {'process': 'intruder'},
    'withdraw_sign_in': {'attempt': 0},
    'pulse': {},
    'readiness': {},
    'queues': {},
    'claim_commands': {},
    'settle_commands': {'commands': [], 'leases': [], 'outcomes': [], 'errors': [], 'waits': []},
    'release_broadcasts': {},
    'hurry_commands': {},
    'take_bot_event': {'event': 'intruder', 'type': 'command.delivered', 'data': {}},
    'count_refused_callbacks': {'reason': 'intruder', 'number': 1},
    'peek_link': {'link': str(uuid4())},
    'use_link': {'link': str(uuid4()), 'new_hash': '$2b$12$x', 'address': '', 'user_agent': ''},
    'finish_password_change': {'attempt': 0, 'person': 1, 'new_hash': '$2b$12$x', 'address': '', 'user_agent': ''},
}
FOR_PEOPLE = {
    'claim', 'current_role', 'current_tenant', 'current_user_id', 'is_timezone', 'salon_timezone', 'salon_currency',
    'key_of', 'service_keys', 'staff_key', 'metrics_version', 'day_start', 'response_times', 'compute_days',
    'compute_breakdowns', 'changed_days', 'valid_days', 'percentile_of', 'label_of', 'dialog_row', 'overview',
    'search', 'figure_condition', 'dialog_condition', 'page_of_dialogs', 'count_dialogs', 'messages_of',
    'dialog_messages', 'open_dialog', 'answered_condition', 'estimated_dialogs', 'record_act', 'whoami',
    'readable_metadata',
    'set_preferences', 'retry_command', 'salon_settings', 'change_settings', 'list_salons', 'create_settings',
    'page_of_waiting_list', 'count_waiting_list', 'waiting_list_figures',
    'open_waiting_entry', 'act_on_waiting_list', 'begin_export', 'end_export',
    'shown_phone', 'shown_text', 'client_contacts', 'phone_of', 'page_of_clients',
    'count_clients', 'open_client', 'write_to_client', 'invite_client', 'add_client_note', 'remove_client_note',
    'invite_user', 'create_reset_link', 'change_user', 'rename_user', 'end_user_sessions', 'page_of_users',
    'save_broadcast', 'remove_broadcast', 'test_broadcast', 'send_broadcast', 'steer_broadcast', 'retry_broadcast',
    'page_of_broadcasts', 'open_broadcast', 'page_of_recipients', 'save_view', 'remove_view', 'list_views',
    'has_own_password', 'page_of_audit', 'count_audit', 'audit_people',
    'count_alerts', 'page_of_alerts', 'acknowledge_alert', 'change_alert_rule', 'data_health',
}  # fmt: skip
INTERNAL = {
    'is_system', 'collect_metrics',
    'end_sessions_of_changed_user', 'store_days', 'is_still_signed_in', 'begin_act', 'finish_act',
    'wants_messages', 'queue_command', 'take_waitlist_event', 'command_row', 'name_of_user',
    'first_note', 'clock_time', 'truth', 'bot_settings', 'wanted_settings', 'setting_state', 'read_setting',
    'check_settings', 'take_out_of_commands',
    'last_try',
    'keep_wishlist_state', 'wished_on', 'note_of', 'waiting_row', 'waiting_condition',
    'check_waiting_list_act',
    'phones_seen',
    'client_condition', 'clients_version', 'remembered_interval', 'compute_clients', 'store_clients', 'changed_clients',
    'claim_clients', 'salon_rhythm', 'begin_clients', 'count_clients_on', 'move_watermark', 'clients_pending',
    'recheck_clients',
    'refresh_salon_interval', 'refresh_clients', 'checked_text', 'known_client', 'last_invitation', 'invitable_on',
    'client_row', 'clients_condition', 'favourite_staff', 'client_memory',
    'count_version_of_user', 'manages', 'name_shown', 'begin_user_act', 'finish_user_act', 'managed_user',
    'checked_name', 'checked_salon', 'make_user_link', 'must_be_signed_in',
    'must_manage', 'quiet_hours', 'open_moment', 'words_of_clients', 'filled_text', 'text_for', 'left_out_because',
    'broadcast_audience', 'broadcast_pace_of', 'broadcast_times', 'preflight', 'check_broadcast', 'known_broadcast',
    'take_back_messages', 'left_out_now', 'filled_pace', 'release_of_salon', 'keep_recipient', 'broadcast_numbers',
    'broadcast_row', 'broadcast_result', 'can_be_sent_again', 'difference_of_shares',
    'sendable_broadcasts', 'is_unwanted',
    'queue_system_command', 'alert_kinds', 'rules_of', 'hour_of', 'open_minutes', 'is_quiet', 'figures_by_day',
    'is_clear',
    'find_bot_silent', 'find_clients_waiting', 'find_conversion_fell', 'find_drop_offs_rose', 'find_commands_stuck',
    'find_data_broken', 'find_alert', 'notice_key', 'is_told', 'close_alert', 'may_notify', 'has_chat', 'language_of',
    'notices_due', 'alert_row', 'todos_of',
}  # fmt: skip


class Api:
    """Requests as one person sends them."""

    def __init__(self, http: httpx.Client, stack: Stack, token: str | None) -> None:
        self.http, self.stack = http, stack
        self.headers = {'apikey': stack.key} | ({'Authorization': f'Bearer {token}'} if token else {})

    def send(self, verb: str, table: str, query: str = '', **options: Any) -> httpx.Response:
        schema, _, name = table.rpartition('.')
        headers = {**self.headers, 'Accept-Profile': schema, 'Content-Profile': schema}
        return self.http.request(verb, f'{self.stack.url}/rest/v1/{name}?{query}', headers=headers, **options)

    def call(self, function: str, arguments: dict[str, Any]) -> httpx.Response:
        return self.send('POST', f'dashboard.rpc/{function}', json=arguments)

    def salons_seen(self, table: str) -> set[str]:
        """The salons of which at least one row comes; permission denied counts as none."""
        column = WITHOUT_TENANT.get(table, 'tenant_id')
        return {salon for salon in EVERY if self._sees(table, column, salon)}

    def _sees(self, table: str, column: str, salon: str) -> bool:
        answer = self.send('GET', table, f'select={column}&{column}=eq.{salon}&limit=1')
        assert answer.status_code in {200, 401, 403}, answer.text
        return answer.status_code == 200 and bool(answer.json())


@pytest.fixture(scope='module')
def rows(stack: Stack) -> Iterator[None]:
    """At least one row of each salon in every table, so that seeing none means something."""
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        salons = [(salon,) for salon in EVERY]
        insert = connection.cursor().executemany
        insert("insert into dashboard.alerts (tenant_id, kind) values (%s, 'rights')", salons)
        insert(
            "insert into dashboard.alert_rules (tenant_id, kind) values (%s, 'digest') on conflict do nothing", salons
        )
        insert(
            "insert into dashboard.alert_checks (tenant_id, checked_at) values (%s, '2000-01-01')"
            ' on conflict do nothing', salons,
        )  # fmt: skip
        insert("insert into dashboard.bookings (tenant_id, status) values (%s, 'rights')", salons)
        insert("insert into dashboard.audits (tenant_id, action) values (%s, 'rights')", salons)
        step = "insert into public.agent_trajectories_v2 (tenant_id, step_type, step_order) values (%s, 'rights', 1)"
        insert(step, salons)
        insert('insert into dashboard.users (email, tenant_id) values (%s, %s)', [(f'r-{s}', s) for (s,) in salons])
        connection.execute("insert into dashboard.login_attempts (email, address) values ('rights', 'rights')")
        connection.execute("insert into dashboard.live_canary values ('rights')")
        connection.execute("insert into dashboard.bot_events (id, type) values ('rights', 'rights')")
        connection.execute("insert into dashboard.refused_callbacks values ('2000-01-01', 'rights', 1)")
        connection.execute(
            'insert into dashboard.user_links (id, user_id, purpose, expires_at)'
            " values (gen_random_uuid(), 1, 'reset', '2000-01-01')"
        )
        insert("insert into dashboard.client_opt_outs values (%s, gen_random_uuid(), '2000-01-01')", salons)
        insert(
            'insert into dashboard.bot_commands (id, key, tenant_id, type, status, last_error)'
            " values (gen_random_uuid(), gen_random_uuid(), %s, 'client.message', 'dead', 'rights')",
            salons,
        )
        action = 'insert into dashboard.wishlist_actions (tenant_id, wishlist_id, kind, note, bot_status)'
        insert(f"{action} values (%s, -1, 'converted', 'rights', 'pending')", salons)
        note = (
            "insert into dashboard.client_notes (tenant_id, client_id, text) values (%s, gen_random_uuid(), 'rights')"
        )
        insert(note, salons)
        insert("insert into dashboard.broadcasts (tenant_id, name, text) values (%s, 'rights', 'x')", salons)
        connection.execute(
            'insert into dashboard.broadcast_recipients'
            ' (broadcast_id, client_id, tenant_id, place, status, reason, due_at)'
            " select id, gen_random_uuid(), tenant_id, 1, 'skipped', 'rights', now() from dashboard.broadcasts"
            " where name = 'rights'"
        )
        view = 'insert into dashboard.saved_views (tenant_id, page, name, params)'
        insert(f"{view} values (%s, 'clients', 'rights', 'kind=new')", salons)
        connection.execute('insert into dashboard.broadcast_pace (tenant_id, tokens) values (gen_random_uuid(), 0)')
        for salon in EVERY:
            connection.execute('select dashboard.refresh_clients(%s)', (salon,))
        yield
        connection.execute("delete from dashboard.broadcast_recipients where reason = 'rights'")
        connection.execute('delete from dashboard.broadcast_pace')
        for name in ('broadcasts', 'saved_views'):
            connection.execute(f"delete from dashboard.{name} where name = 'rights'".encode())
        connection.execute('delete from dashboard.wishlist_states where wishlist_id = -1')
        for table in ('alerts where kind', 'bookings where status', 'audits where action', 'live_canary where id',
                      'login_attempts where email', 'bot_events where id', 'refused_callbacks where reason',
                      'bot_commands where last_error', 'wishlist_actions where note',
                      'client_notes where text'):  # fmt: skip
            connection.execute(f"delete from dashboard.{table} = 'rights'".encode())
        connection.execute("delete from dashboard.alert_rules where kind = 'digest'")
        connection.execute("delete from dashboard.alert_checks where checked_at = '2000-01-01'")
        connection.execute("delete from dashboard.user_links where expires_at = '2000-01-01'")
        connection.execute("delete from dashboard.client_opt_outs where opted_out_at = '2000-01-01'")
        connection.execute("delete from dashboard.users where email like 'r-%'")
        connection.execute("delete from public.agent_trajectories_v2 where step_type = 'rights'")


@pytest.fixture(scope='module')
def apis(stack: Stack, rows: None) -> Iterator[dict[str, Api]]:
    with httpx.Client(trust_env=False) as http:
        tokens = {name: stack.mint(claims) for name, claims in CLAIMS.items()}
        yield {name: Api(http, stack, tokens.get(name)) for name in PEOPLE}


def relations(db: Connection) -> set[str]:
    rows = db.execute(
        "select relnamespace::regnamespace || '.' || relname from pg_class where relkind in ('r', 'p', 'v', 'm', 'f')"
        " and relnamespace in ('public'::regnamespace, 'dashboard'::regnamespace)"
    )
    return {row[0] for row in rows}


def contents(db: Connection) -> dict[str, str]:
    """A fingerprint of every table."""
    found = {}
    for table in sorted(relations(db) & set(TABLES)):
        row = db.execute(
            f'select md5(string_agg(t::text, chr(10) order by t::text)) from {table} t'.encode()
        ).fetchone()
        assert row
        found[table] = row[0]
    return found


def test_every_table_and_view_has_an_expectation(db: Connection) -> None:
    assert relations(db) == set(TABLES)


def test_every_function_has_an_expectation(db: Connection) -> None:
    rows = db.execute("select distinct proname from pg_proc where pronamespace = 'dashboard'::regnamespace").fetchall()
    assert {row[0] for row in rows} == {*SYSTEM_ONLY, *FOR_PEOPLE, *INTERNAL}


@pytest.mark.parametrize('table', TABLES)
def test_every_salon_has_a_row_that_could_be_seen(rows: None, db: Connection, table: str) -> None:
    if table in UNGRANTED or table == CANARY:
        assert db.execute(f'select 1 from {table}'.encode()).fetchone()
        return
    column = WITHOUT_TENANT.get(table, 'tenant_id')
    found = db.execute(f'select distinct {column}::text from {table}'.encode()).fetchall()
    assert {row[0] for row in found} >= EVERY


@pytest.mark.parametrize('person', PEOPLE)
@pytest.mark.parametrize('table', [table for table in TABLES if table not in UNGRANTED and table != CANARY])
def test_a_person_sees_the_rows_of_their_own_salon_only(apis: dict[str, Api], person: str, table: str) -> None:
    assert apis[person].salons_seen(table) == TABLES[table].get(person, NONE)


@pytest.mark.parametrize('person', PEOPLE)
def test_only_the_system_sees_the_canary_and_nobody_what_is_nobodys(apis: dict[str, Api], person: str) -> None:
    canary = apis[person].send('GET', CANARY, 'select=id')
    assert (canary.status_code == 200 and bool(canary.json())) == (person == 'system')
    for table in UNGRANTED:
        assert apis[person].send('GET', table, 'select=*').status_code in {401, 403}


@pytest.mark.parametrize('person', REFUSED)
@pytest.mark.parametrize('table', TABLES)
def test_visitors_and_people_of_supabase_auth_are_refused(apis: dict[str, Api], person: str, table: str) -> None:
    answer = apis[person].send('GET', table, 'select=*&limit=1')
    assert answer.status_code in {401, 403}
    assert 'permission denied' in answer.json()['message']


def test_who_signs_in_with_supabase_auth_gets_a_token_that_reads_nothing(stack: Stack) -> None:
    stack.create_auth_user('rights@demo.example', 'correct horse 9')
    with httpx.Client(trust_env=False) as http:
        answer = http.post(
            f'{stack.url}/auth/v1/token?grant_type=password', headers={'apikey': stack.key},
            json={'email': 'rights@demo.example', 'password': 'correct horse 9'},
        )  # fmt: skip
        api = Api(http, stack, answer.raise_for_status().json()['access_token'])
        assert all(api.send('GET', table, 'select=*&limit=1').status_code >= 400 for table in TABLES)
        assert api.call('overview', {'first_day': '2026-01-01', 'last_day': '2026-01-02'}).status_code >= 400


@pytest.mark.parametrize('person', PEOPLE)
def test_nobody_writes_into_any_table(apis: dict[str, Api], db: Connection, person: str) -> None:
    before = contents(db)
    for table in TABLES:
        column = 'id' if table == CANARY else UNGRANTED.get(table) or WITHOUT_TENANT.get(table, 'tenant_id')
        filters = f'{column}=not.is.null'
        value = A if column == 'tenant_id' or table in WITHOUT_TENANT else 'changed'
        for verb, query, options in (('POST', '', {'json': {column: value}}), ('DELETE', filters, {}),
                                     ('PATCH', filters, {'json': {column: value}})):  # fmt: skip
            answer = apis[person].send(verb, table, query, **options)
            cannot = answer.json().get('code') in {'55000', '0A000'}
            assert cannot or answer.status_code in {401, 403}, f'{verb} {table}: {answer.status_code} {answer.text}'
    db.rollback()
    assert contents(db) == before


@pytest.mark.parametrize('person', PEOPLE)
@pytest.mark.parametrize('query', [
    'dashboard.users?select=encrypted_password', 'dashboard.users?select=reset_password_token',
    'dashboard.users?select=*', 'dashboard.users?select=id&encrypted_password=like.$2*',
    'dashboard.users?select=id&order=encrypted_password', 'dashboard.users?select=id&reset_password_token=not.is.null',
    'public.tenants_v2?select=metadata', 'public.tenants_v2?select=*', 'public.tenants_v2?select=id,metadata->yclients',
    'public.tenants_v2?select=id&metadata->>telegram_bot_token=not.is.null', 'dashboard.salons?select=metadata',
    'public.clients_v2?select=id,tenants_v2!clients_v2_tenant_id_fkey(metadata)',
    'dashboard.audits?select=id,users(encrypted_password)',
    'dashboard.bot_commands?select=data', 'dashboard.bot_commands?select=*', 'dashboard.bot_commands?select=id,lease',
    'dashboard.bot_commands?select=id,last_error', 'dashboard.bot_commands?select=id&data->>text=like.*',
])  # fmt: skip
def test_nobody_reads_a_secret(apis: dict[str, Api], person: str, query: str) -> None:
    table, _, question = query.partition('?')
    answer = apis[person].send('GET', table, question)
    assert answer.status_code >= 400
    assert '$2' not in answer.text.replace('$2*', '')
    assert 'token' not in answer.text.replace('reset_password_token', '').replace('telegram_bot_token', '')


@pytest.mark.parametrize('person', [person for person in PEOPLE if person != 'system'])
@pytest.mark.parametrize('function', SYSTEM_ONLY)
def test_functions_of_the_system_are_refused_to_others(apis: dict[str, Api], person: str, function: str) -> None:
    answer = apis[person].call(function, SYSTEM_ONLY[function])
    assert answer.status_code in {401, 403}, answer.text


@pytest.mark.parametrize('function', ['pulse', 'touch_canary', 'begin_sign_in', 'collect_days', 'forget_stored_day'])
def test_functions_of_the_system_answer_to_the_system(apis: dict[str, Api], stack: Stack, function: str) -> None:
    arguments = SYSTEM_ONLY[function] | ({'process': 'rights'} if function == 'touch_canary' else {})
    assert apis['system'].call(function, arguments).status_code in {200, 204}
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("delete from dashboard.login_attempts where address = '10.9.9.9'")


@pytest.mark.parametrize('role', ['anon', 'authenticated', 'dashboard_app', 'authenticator'])
def test_internal_functions_are_executable_by_none_of_the_apis_roles(db: Connection, role: str) -> None:
    rows = db.execute(
        "select proname from pg_proc p where pronamespace = 'dashboard'::regnamespace"
        " and has_function_privilege(%s, p.oid, 'execute')", (role,),
    ).fetchall()  # fmt: skip
    assert {row[0] for row in rows} == ({*SYSTEM_ONLY, *FOR_PEOPLE} if role == 'dashboard_app' else set())


@pytest.mark.parametrize('role', ['anon', 'authenticated', 'authenticator'])
def test_the_apis_other_roles_have_no_right_to_any_column(db: Connection, role: str) -> None:
    for privilege in ('select', 'insert', 'update', 'references'):
        rows = db.execute(
            'select t from unnest(%s::text[]) t where has_any_column_privilege(%s, t::regclass, %s)',
            (list(TABLES), role, privilege),
        ).fetchall()
        assert rows == []


def test_the_dashboards_role_may_write_two_columns_and_nothing_else(db: Connection) -> None:
    rows = db.execute(
        "select attrelid::regclass::text || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid"
        " where relnamespace in ('public'::regnamespace, 'dashboard'::regnamespace) and relkind in ('r', 'v')"
        " and attnum > 0 and not attisdropped and (has_column_privilege('dashboard_app', c.oid, attnum, 'update')"
        " or has_column_privilege('dashboard_app', c.oid, attnum, 'insert'))"
    ).fetchall()
    assert {row[0] for row in rows} == {'dashboard.users.language', 'dashboard.users.theme'}


@pytest.mark.parametrize('change', [
    {'role': 'super_admin'}, {'tenant_id': B}, {'active': True}, {'session_version': 99}, {'encrypted_password': 'x'},
    {'email': 'taken@demo.salon'}, {'duplicate_of': 1}, {'language': 'en', 'role': 'super_admin'},
])  # fmt: skip
@pytest.mark.parametrize('person', ['owner', 'staff', 'platform'])
def test_nobody_changes_what_they_may_do(apis: dict[str, Api], db: Connection, person: str, change: Any) -> None:
    before = contents(db)['dashboard.users']
    number = CLAIMS[person]['sub']
    assert apis[person].send('PATCH', 'dashboard.users', f'id=eq.{number}', json=change).status_code == 403
    row = {'id': int(number), 'email': 'x', **change}
    assert apis[person].send('POST', 'dashboard.users', json=row).status_code == 403
    db.rollback()
    assert contents(db)['dashboard.users'] == before


def test_a_person_chooses_the_language_of_their_own_row_only(apis: dict[str, Api], stack: Stack) -> None:
    apis['staff'].send('PATCH', 'dashboard.users', 'id=gt.0', json={'language': 'en'})
    apis['staff'].call('set_preferences', {'language': 'en', 'theme': 'dark'})
    with psycopg.connect(stack.dsn) as connection:
        changed = connection.execute(
            "select id from dashboard.users where language = 'en' or theme = 'dark'"
        ).fetchall()
        connection.execute("update dashboard.users set language = 'ru', theme = 'auto'")
    assert changed == [(2,)]


@pytest.mark.parametrize('language', ['de', '', 'RU', "ru'; --"])
def test_an_unknown_language_is_refused(apis: dict[str, Api], language: str) -> None:
    assert apis['staff'].call('set_preferences', {'language': language, 'theme': 'auto'}).status_code == 400


@pytest.mark.parametrize(('person', 'seen'), [
    ('owner', {'owner@demo.salon', 'staff@demo.salon'}), ('staff', {'staff@demo.salon'}),
    ('stranger', {'stranger@demo.salon'}), ('platform', None), ('garbage', set()), ('nobody in particular', set()),
])  # fmt: skip
def test_whom_of_the_users_a_person_sees(apis: dict[str, Api], person: str, seen: set[str] | None) -> None:
    rows = apis[person].send('GET', 'dashboard.users', 'select=email').json()
    emails = {row['email'] for row in rows if not row['email'].startswith('r-')}
    every = {f'{name}@demo.salon' for name in ('owner', 'staff', 'stranger', 'platform')}
    assert emails == (every if seen is None else seen)


@pytest.mark.parametrize('person', ['garbage', 'odd types', 'nobody in particular', 'an empty salon',
                                    'platform without a salon'])  # fmt: skip
@pytest.mark.parametrize('function', ['overview', 'page_of_dialogs', 'count_dialogs', 'open_dialog', 'whoami'])
def test_broken_claims_read_nothing_and_break_nothing(apis: dict[str, Api], person: str, function: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        'overview': {'first_day': '2026-01-01', 'last_day': '2026-12-31'}, 'page_of_dialogs': {'search': 'маникюр'},
        'open_dialog': {'session': str(uuid4())},
    }  # fmt: skip
    answer = apis[person].call(function, arguments.get(function, {}))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    if function == 'overview':
        assert shown['figures']['dialogs'] == shown['active_count'] == 0
        assert shown['freshness']['last_write'] is None
    elif function != 'whoami':
        assert not shown or not (shown.get('rows') or shown.get('active'))


@pytest.mark.parametrize('call', [
    "dashboard.response_times(%s, 'UTC', current_date - 90, current_date)",
    "dashboard.changed_days(%s, 'UTC', '2000-01-01', 'infinity')",
    "dashboard.valid_days(%s, 'Asia/Vladivostok', 'RUB', current_date - 90, current_date)",
    "dashboard.compute_breakdowns(%s, 'UTC', 'RUB', current_date - 90, current_date)",
])  # fmt: skip
def test_naming_another_salon_gives_nothing_of_it(as_role: AsRole, call: str) -> None:
    zones = {B: SALON_B.timezone, A: SALON_A.timezone}
    for salon, zone in zones.items():
        with as_role(**CLAIMS['owner']) as db:
            statement = f'select count(*) > 0 from {call.replace("Asia/Vladivostok", zone)}'
            assert db.execute(statement.encode(), (salon,)).fetchone() == (salon == A,)


def test_another_salons_days_are_computed_as_empty(as_role: AsRole) -> None:
    statement = (
        "select sum(dialogs_started) from dashboard.compute_days(%s, 'UTC', 'RUB', current_date - 90, current_date)"
    )
    sums: list[int] = []
    for salon in (A, B):
        with as_role(**CLAIMS['owner']) as db:
            sums += db.execute(statement, (salon,)).fetchone() or ()
    assert sums[0] > 0
    assert sums[1] == 0


def test_the_platform_reads_the_salon_that_it_has_chosen(apis: dict[str, Api], db: Connection) -> None:
    plain = PlainFigures(db, A, SALON_A.timezone, 'RUB')
    row = db.execute('select (now() at time zone %s)::date', (SALON_A.timezone,)).fetchone()
    assert row
    day = row[0].isoformat()
    answer = apis['platform'].call('overview', {'first_day': day, 'last_day': day}).json()
    assert answer['figures']['dialogs'] == plain.figures(row[0], row[0])['dialogs']


def test_an_act_is_recorded_under_the_tokens_own_name(as_role: AsRole, db: Connection) -> None:
    with as_role(**CLAIMS['staff']) as staff:
        staff.execute("select dashboard.record_act('tried', repeat('x', 5000), '10.0.0.1', 'agent')")
    row = db.execute(
        "select user_id, tenant_id::text, ip_address, length(description) from dashboard.audits where action = 'tried'"
    ).fetchone()
    assert row == (2, A, '10.0.0.1', 1000)


@pytest.mark.parametrize('person', ['system', 'garbage', 'nobody in particular', *REFUSED])
def test_who_is_nobody_records_no_act(apis: dict[str, Api], person: str) -> None:
    assert apis[person].call('record_act', {'action': 'tried'}).status_code in {401, 403}
