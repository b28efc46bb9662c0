"""Broadcasts in the database: who gets one and why others do not, what is handed over when, and what came of it."""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.conftest import AsRole, Connection
from tests.database.conftest import MakeSalon
from tests.database.odd_salon import OddSalon

PLAIN = {'name': 'Осень', 'text': 'Мы скучаем!'}


class Sending:
    """A salon that sends broadcasts, within the test's transaction."""

    def __init__(self, salon: OddSalon, as_role: AsRole) -> None:
        self.salon, self.db, self.as_role = salon, salon.db, as_role
        row = self.db.execute(
            "insert into dashboard.users (email, role, tenant_id, active) values (%s, 'admin', %s, true) returning id",
            (f'{salon.id}@test', salon.id),
        ).fetchone()
        assert row
        self.owner = row[0]

    def call(self, function: str, /, **arguments: Any) -> Any:
        """As the owner."""
        return self._call(function, arguments, app_role='admin', tenant_id=self.salon.id, sub=str(self.owner))

    def system(self, function: str, /, **arguments: Any) -> Any:
        """As the dashboard itself."""
        return self._call(function, arguments, app_role='system')

    def _call(self, function: str, arguments: dict[str, Any], **claims: str) -> Any:
        named = ', '.join(f'{name} => %({name})s' for name in arguments)
        with self.as_role(**claims) as db:
            row = db.execute(f'select dashboard.{function}({named})'.encode(), arguments).fetchone()
        assert row
        return row[0]

    def act(self, name: str, /, **arguments: Any) -> Any:
        """An act of the owner under a new key."""
        return self.call(name, key=uuid4(), **arguments)

    def client(self, **values: Any) -> str:
        """Somebody with a chat of their own and one dialog that is long over."""
        number = self.salon.chance.randrange(10**9)
        client = self.salon.client(**{'telegram_chat_id': number, 'full_name': 'Анна', **values})
        self.salon.archive(client, self.salon.ago(days=40))
        return client

    def draft(self, **fields: Any) -> Any:
        return self.act('save_broadcast', **PLAIN | fields)

    def opened(self, draft: Any) -> Any:
        return self.call('open_broadcast', broadcast=draft['broadcast'])

    def preflight(self, **fields: Any) -> Any:
        return self.opened(self.draft(**fields))['preflight']

    def send(self, expected: int = 1000, **fields: Any) -> Any:
        draft = self.draft(**fields)
        self.act('send_broadcast', broadcast=draft['broadcast'], seen=draft['version'], expected=expected)
        return draft['broadcast']

    def release(self, steps: int = 1) -> int:
        """So many steps, with time for a full half second's worth of messages before each."""
        number = 0
        for _step in range(steps):
            self.db.execute("update dashboard.broadcast_pace set filled_at = clock_timestamp() - interval '1 min'")
            number += self.system('release_broadcasts')['released']
        return number

    def journal(self, broadcast: Any) -> dict[str, tuple[str, str | None]]:
        """Status and reason of everybody, by client."""
        rows = self.db.execute(
            'select client_id::text, status, reason from dashboard.broadcast_recipients where broadcast_id = %s',
            (broadcast,),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def commands(self) -> list[tuple[Any, ...]]:
        return self.db.execute(
            'select client_id::text, type, status from dashboard.bot_commands where tenant_id = %s order by number',
            (self.salon.id,),
        ).fetchall()

    def settle(self, outcome: str, wait: int = 0) -> int:
        """Take what is in the outbox and let every try end like that."""
        claimed = self.system('claim_commands', number=200)
        mine = [one for one in claimed if one['data']['tenant_id'] == self.salon.id]
        self.system(
            'settle_commands', commands=[one['id'] for one in mine], leases=[one['lease'] for one in mine],
            outcomes=[outcome] * len(mine), errors=['HTTP 500' if outcome == 'later' else ''] * len(mine),
            waits=[wait] * len(mine),
        )  # fmt: skip
        return len(mine)


@pytest.fixture
def sending(salon: OddSalon, as_role: AsRole, db: Connection) -> Iterator[Sending]:
    db.execute('delete from dashboard.broadcast_pace')
    yield Sending(salon, as_role)


def refused(sending: Sending, function: str, **arguments: Any) -> tuple[str, str | None, str | None]:
    with pytest.raises(psycopg.Error) as failure:
        sending.act(function, **arguments)
    diagnostic = failure.value.diag
    return str(failure.value.sqlstate), diagnostic.message_primary, diagnostic.message_detail


# --- writing


@pytest.mark.parametrize(('fields', 'reason', 'place'), [
    ({'name': ' '}, 'required', 'name'), ({'name': 'я' * 201}, 'too_long', 'name'),
    ({'text': ''}, 'required', 'text'), ({'text': 'я' * 5000}, 'too_long', 'text'),
    ({'text': 'Привет, {nam}!'}, 'unknown_field', 'text'), ({'text': 'Скобка {'}, 'unknown_field', 'text'),
    ({'text': '{name}'}, 'required', 'without_name'), ({'text': '{salon}'}, 'required', 'without_salon'),
    ({'text': '{specialist}', 'without_specialist': ' '}, 'required', 'without_specialist'),
    ({'quiet_days': -1}, 'days_range', 'quiet_days'), ({'quiet_days': 366}, 'days_range', 'quiet_days'),
    ({'held_out_percent': 7}, 'not_in_list', 'held_out_percent'),
    ({'spread_hours': 200}, 'not_in_list', 'spread_hours'),
    ({'starts_at': datetime(2020, 1, 1, tzinfo=ZoneInfo('UTC'))}, 'in_the_past', 'starts_at'),
    ({'starts_at': datetime(2099, 1, 1, tzinfo=ZoneInfo('UTC'))}, 'too_far_for_a_broadcast', 'starts_at'),
    ({'kind': 'everybody'}, 'no such kind', 'kind'),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_field(
    sending: Sending, fields: dict[str, Any], reason: str, place: str
) -> None:
    assert refused(sending, 'save_broadcast', **PLAIN | fields) == ('PT400', reason, place)
    assert sending.call('page_of_broadcasts')['rows'] == []


def test_a_draft_that_somebody_else_changed_is_not_overwritten(sending: Sending) -> None:
    draft = sending.draft()
    sending.act('save_broadcast', **PLAIN | {'text': 'Первая'}, broadcast=draft['broadcast'], seen=draft['version'])
    late = refused(sending, 'save_broadcast', **PLAIN, broadcast=draft['broadcast'], seen=draft['version'])
    assert late[:2] == ('PT409', 'changed_meanwhile')
    assert sending.opened(draft)['broadcast']['text'] == 'Первая'


def test_the_fields_of_a_text_are_filled_in_once(sending: Sending) -> None:
    sending.client(full_name='  Мария   {salon}')
    sending.client(full_name='Ольга')
    previews = sending.preflight(
        text='{name}, {salon} и {specialist} ждут! {name}', without_name='гость', without_salon='салон',
        without_specialist='мастер',
    )['previews']  # fmt: skip
    assert {one['text'] for one in previews} == {
        'гость, Проба и мастер ждут! гость', 'Ольга, Проба и мастер ждут! Ольга',
    }  # fmt: skip


def test_the_favourite_specialist_is_that_of_the_bookings_else_the_bots(sending: Sending) -> None:
    booked, remembered, numbered = sending.client(), sending.client(), sending.client()
    sending.salon.archive(
        booked, sending.salon.ago(days=20), booking_id='b1', booking_datetime=sending.salon.ago(days=19),
        meta={'staff_name': 'Рита'},
    )  # fmt: skip
    for client, staff in ((remembered, '7'), (numbered, '8')):
        sending.salon.insert('user_ltm_v2', tenant_id=sending.salon.id, user_id=client, preferred_staff_id=staff)
    sending.salon.insert(
        'wishlist_v2', tenant_id=sending.salon.id, user_id=remembered, item_type='slot', item_id='x',
        meta={'staff_id': 7, 'staff_name': 'Вера'},
    )  # fmt: skip
    plan = sending.preflight(text='{specialist}', without_specialist='мастер')
    assert {one['client_id']: one['text'] for one in plan['previews']} == {
        booked: 'Рита', remembered: 'Вера', numbered: 'мастер',
    }  # fmt: skip
    assert plan['fallbacks'] == {'name': 0, 'specialist': 1}


# --- who gets it


def everybody(sending: Sending) -> dict[str, str]:
    """One client for each reason to be left out, and one who gets it."""
    salon = sending.salon
    people = {
        'gets': sending.client(), 'opted_out': sending.client(), 'no_chat': sending.client(telegram_chat_id=None),
        'in_dialog': sending.client(), 'booked': sending.client(), 'got_message': sending.client(),
    }  # fmt: skip
    salon.insert('user_ltm_v2', tenant_id=salon.id, user_id=people['opted_out'], allow_notifications=False)
    salon.active(people['in_dialog'], salon.ago(minutes=3))
    salon.archive(
        people['booked'], salon.ago(days=1), booking_id='b', booking_status='confirmed',
        booking_datetime=salon.now + timedelta(days=2),
    )  # fmt: skip
    sending.act('write_to_client', client=people['got_message'], text='Вчера')
    twin = sending.db.execute('select telegram_chat_id from public.clients_v2 where id = %s', (people['gets'],))
    people['same_chat'] = sending.client(telegram_chat_id=twin.fetchall()[0][0])
    sending.db.execute(
        "update public.conversation_sessions_v2 set started_at = started_at - interval '1 day' where user_id = %s",
        (people['same_chat'],),
    )
    return people


def test_everybody_who_is_left_out_is_left_out_for_a_reason_that_is_said(sending: Sending) -> None:
    people = everybody(sending)
    plan = sending.preflight()
    assert (plan['total'], plan['getting'], plan['held_out']) == (len(people), 1, 0)
    assert {one['reason']: one['number'] for one in plan['left_out']} == dict.fromkeys(people.keys() - {'gets'}, 1)
    broadcast = sending.send()
    journal = sending.journal(broadcast)
    assert journal[people['gets']] == ('waiting', None)
    assert {reason: journal[client] for reason, client in people.items() if reason != 'gets'} == {
        reason: ('skipped', reason) for reason in people if reason != 'gets'
    }


def test_who_chooses_so_writes_to_those_who_have_a_visit_ahead_or_got_a_message(sending: Sending) -> None:
    everybody(sending)
    plan = sending.preflight(quiet_days=0, skips_booked=False)
    assert {one['reason'] for one in plan['left_out']} == {'opted_out', 'no_chat', 'in_dialog', 'same_chat'}


def test_the_audience_is_what_the_clients_page_shows(sending: Sending) -> None:
    for name in ('Анна', 'Борис'):
        sending.client(full_name=name)
    whatsapp = sending.client(full_name='Вера', telegram_chat_id=None, whatsapp_id='79990000000')
    sending.db.execute(
        "update public.conversation_sessions_v2 set channel = 'whatsapp' where user_id = %s", (whatsapp,)
    )
    for filters in ({'search': 'борис'}, {'channel': 'whatsapp'}, {'kind': 'never_booked'}, {'kind': 'booked'}, {}):
        shown = sending.call('count_clients', **filters)['rows']
        assert sending.preflight(**filters)['total'] == shown


def test_the_same_people_are_held_out_however_often_it_is_asked(sending: Sending) -> None:
    for _client in range(150):
        sending.client()
    draft = sending.draft(held_out_percent=20)
    numbers = {sending.opened(draft)['preflight']['held_out'] for _time in range(3)}
    sending.act('send_broadcast', broadcast=draft['broadcast'], seen=draft['version'], expected=150)
    held_out = [status for status, _reason in sending.journal(draft['broadcast']).values() if status == 'held_out']
    assert numbers == {len(held_out)}
    assert 15 <= len(held_out) <= 45


def test_an_audience_of_nobody_is_refused(sending: Sending) -> None:
    draft = sending.draft(search='нетникого')
    arguments = {'broadcast': draft['broadcast'], 'seen': draft['version'], 'expected': 0}
    assert refused(sending, 'send_broadcast', **arguments)[:2] == ('PT400', 'nobody')
    assert sending.opened(draft)['broadcast']['status'] == 'draft'


def test_who_saw_far_fewer_people_than_would_get_it_is_asked_again(sending: Sending) -> None:
    for _client in range(12):
        sending.client()
    draft = sending.draft()
    arguments = {'broadcast': draft['broadcast'], 'seen': draft['version'], 'expected': 2}
    assert refused(sending, 'send_broadcast', **arguments) == ('PT409', 'audience_grew', '12')


def test_a_broadcast_is_sent_once(sending: Sending) -> None:
    sending.client()
    draft = sending.draft()
    arguments = {'broadcast': draft['broadcast'], 'seen': draft['version'], 'expected': 1}
    key = uuid4()
    answers = [sending.call('send_broadcast', key=key, **arguments) for _time in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert refused(sending, 'send_broadcast', **arguments)[:2] == ('PT409', 'sent_already')
    assert len(sending.journal(draft['broadcast'])) == 1


@pytest.mark.parametrize('function', ['open_broadcast', 'page_of_recipients'])
def test_another_salons_broadcast_is_not_there(make_salon: MakeSalon, as_role: AsRole, function: str) -> None:
    ours, theirs = (Sending(make_salon(seed=seed), as_role) for seed in (1, 2))
    theirs.client()
    broadcast = theirs.send()
    seen = ours.call(function, broadcast=broadcast)
    assert not seen or not seen['rows']
    assert refused(ours, 'steer_broadcast', broadcast=broadcast, act='stop')[:1] == ('PT404',)


# --- when


@pytest.mark.parametrize(('start', 'seconds', 'end'), [
    ('2026-03-02 20:00', 1800, '2026-03-02 20:30'), ('2026-03-02 20:00', 3600, '2026-03-02 21:00'),
    ('2026-03-02 20:00', 3601, '2026-03-03 09:00:01'), ('2026-03-02 22:00', 0, '2026-03-03 09:00'),
    ('2026-03-03 03:00', 60, '2026-03-03 09:01'), ('2026-03-02 20:00', 13 * 3600, '2026-03-04 09:00'),
    ('2026-03-28 20:30', 3600, '2026-03-29 09:30'), ('2026-10-24 20:30', 3600, '2026-10-25 09:30'),
])  # fmt: skip
def test_quiet_hours_do_not_count(db: Connection, start: str, seconds: int, end: str) -> None:
    row = db.execute(
        "select dashboard.open_moment(%s::timestamp at time zone 'Europe/Berlin', %s, 'Europe/Berlin', '21:00',"
        " '09:00') at time zone 'Europe/Berlin'", (start, seconds),
    ).fetchone()  # fmt: skip
    assert row
    wanted = datetime.fromisoformat(end)
    assert row[0] == wanted or (seconds == 13 * 3600 and row[0] == datetime(2026, 3, 3, 21))


@pytest.mark.parametrize(('quiet_from', 'quiet_to', 'at', 'is_quiet'), [
    ('13:00', '15:00', '14:00', True), ('13:00', '15:00', '15:00', False), ('22:00', '08:00', '23:00', True),
    ('22:00', '08:00', '07:59', True), ('22:00', '08:00', '08:00', False), (None, None, '03:00', False),
])  # fmt: skip
def test_when_it_is_quiet(
    db: Connection, quiet_from: str | None, quiet_to: str | None, at: str, is_quiet: bool
) -> None:
    row = db.execute(
        "select dashboard.open_moment(m, 0, 'UTC', %s, %s) > m from (select ('2026-03-02 ' || %s || '+00')::timestamptz"
        ' as m) x', (quiet_from, quiet_to, at),
    ).fetchone()  # fmt: skip
    assert row == (is_quiet,)


def quiet_now(sending: Sending, hours: int = 3) -> None:
    """It is quiet in the salon from an hour ago on."""
    local = datetime.now(ZoneInfo(sending.salon.zone))
    sending.db.execute(
        'update dashboard.tenant_settings set quiet_from = %s, quiet_to = %s where tenant_id = %s',
        (f'{local - timedelta(hours=1):%H:%M}', f'{local + timedelta(hours=hours):%H:%M}', sending.salon.id),
    )


def test_nothing_is_handed_over_while_it_is_quiet_and_the_preflight_says_when_it_begins(sending: Sending) -> None:
    sending.client()
    quiet_now(sending)
    times = sending.preflight()['times']
    begins = datetime.fromisoformat(times['starts_at']) - datetime.now(ZoneInfo('UTC'))
    assert timedelta(hours=2, minutes=58) < begins <= timedelta(hours=3)
    assert times['waiting_for_morning'] == 1
    broadcast = sending.send()
    assert sending.release(3) == 0
    assert sending.opened({'broadcast': broadcast})['broadcast']['status'] == 'running'


def test_a_salon_without_settings_goes_by_moscow_and_knows_no_quiet_hours(sending: Sending) -> None:
    sending.client()
    sending.db.execute('delete from dashboard.tenant_settings where tenant_id = %s', (sending.salon.id,))
    assert sending.preflight()['times']['quiet_from'] is None
    sending.send()
    assert sending.release() == 1


def test_a_broadcast_for_later_waits_for_its_time(sending: Sending) -> None:
    sending.client()
    broadcast = sending.send(starts_at=sending.salon.now + timedelta(hours=2))
    assert sending.release(2) == 0
    sending.db.execute(
        'update dashboard.broadcasts set starts_at = now(); update dashboard.broadcast_recipients set due_at = now()'
    )
    assert sending.release() == 1
    assert sending.opened({'broadcast': broadcast})['broadcast']['status'] == 'running'


def test_a_broadcast_that_is_spread_comes_evenly(sending: Sending) -> None:
    for _client in range(10):
        sending.client()
    broadcast = sending.send(spread_hours=10)
    rows = sending.db.execute(
        'select extract(epoch from due_at - now()) / 3600 from dashboard.broadcast_recipients where broadcast_id = %s'
        ' order by place', (broadcast,),
    ).fetchall()  # fmt: skip
    assert [round(row[0]) for row in rows] == list(range(10))
    assert sending.release() == 1


def test_the_pace_of_the_salon_and_of_all_together_is_kept(sending: Sending) -> None:
    for _client in range(60):
        sending.client()
    sending.db.execute(
        'update dashboard.tenant_settings set broadcast_pace = 2 where tenant_id = %s', (sending.salon.id,)
    )
    sending.send()
    assert [sending.release() for _step in range(3)] == [1, 1, 1]
    sending.db.execute('update dashboard.tenant_settings set broadcast_pace = null')
    assert sending.release() == 10


def test_no_more_is_handed_over_than_the_bot_takes_and_no_other_salon_waits_for_it(
    make_salon: MakeSalon, as_role: AsRole, db: Connection
) -> None:
    db.execute('delete from dashboard.broadcast_pace')
    stuck, well = (Sending(make_salon(seed=seed), as_role) for seed in (1, 2))
    for _client in range(120):
        stuck.client()
    stuck.send()
    assert stuck.release(20) == 40
    assert stuck.system('release_broadcasts') == {'released': 0, 'under_way': 40, 'is_due': False}
    assert stuck.settle('later') == 40
    assert stuck.release(20) == 40
    assert stuck.settle('later') == 40
    assert stuck.release(5) == 0
    well.client()
    broadcast = well.send()
    assert well.release() == 1
    assert well.settle('taken') == 1
    assert list(well.journal(broadcast).values()) == [('sent', None)]


@pytest.mark.parametrize('why', ['quiet', 'paused'])
@pytest.mark.parametrize('was_sent_once', [False, True])
def test_what_may_not_go_out_now_holds_up_no_other_salon(
    make_salon: MakeSalon, as_role: AsRole, db: Connection, why: str, was_sent_once: bool
) -> None:
    db.execute('delete from dashboard.broadcast_pace')
    held, well = (Sending(make_salon(seed=seed), as_role) for seed in (1, 2))
    for _client in range(45):
        held.client()
    broadcast = held.send()
    assert held.release(20) == 40
    assert held.settle('later') == 40
    assert held.release() == 5
    db.execute("update dashboard.bot_commands set next_attempt_at = now() - interval '1 s'")
    if was_sent_once:  # then nothing is taken back: the bot may have it
        db.execute('update dashboard.broadcast_recipients set sent_at = now() where broadcast_id = %s', (broadcast,))
    if why == 'quiet':
        quiet_now(held)
    else:
        db.execute("update dashboard.broadcasts set status = 'paused' where id = %s", (broadcast,))
    well.client()
    other = well.send()
    assert well.release() == 1
    assert list(well.journal(other).values()) == [('sending', None)]
    assert set(held.journal(broadcast).values()) == {('sending' if was_sent_once else 'waiting', None)}
    assert len(held.commands()) == (45 if was_sent_once else 0)


def test_what_was_held_over_the_night_goes_out_in_the_morning_to_those_who_still_want_it(sending: Sending) -> None:
    keen, tired = sending.client(), sending.client()
    broadcast = sending.send()
    sending.release(2)
    assert sending.settle('later') == 2
    quiet_now(sending)
    sending.release()
    sending.salon.insert('user_ltm_v2', tenant_id=sending.salon.id, user_id=tired, allow_notifications=False)
    sending.db.execute('update dashboard.tenant_settings set quiet_from = null, quiet_to = null')
    assert sending.release() == 1
    assert sending.settle('taken') == 1
    assert sending.journal(broadcast) == {keen: ('sent', None), tired: ('skipped', 'opted_out')}


# --- while it runs


def test_what_comes_in_the_way_meanwhile_leaves_somebody_out(sending: Sending) -> None:
    people = [sending.client() for _client in range(4)]
    broadcast = sending.send()
    salon = sending.salon
    salon.insert('user_ltm_v2', tenant_id=salon.id, user_id=people[0], allow_notifications=False)
    salon.active(people[1], salon.now)
    salon.archive(
        people[2], salon.ago(minutes=1), booking_id='b', booking_datetime=salon.now + timedelta(days=1)
    )  # fmt: skip
    assert sending.release(3) == 1
    assert sending.journal(broadcast) == {
        people[0]: ('skipped', 'opted_out'), people[1]: ('skipped', 'in_dialog'), people[2]: ('skipped', 'booked'),
        people[3]: ('sending', None),
    }  # fmt: skip


def test_an_opt_out_that_the_bot_reports_counts_at_once(sending: Sending) -> None:
    first, second = sending.client(), sending.client()
    broadcast = sending.send()
    sending.release()
    for client in (first, second):
        sending.system(
            'take_bot_event', event=str(uuid4()), type='client.opted_out', data=json.dumps({'client_id': client})
        )
    sending.release()
    assert set(sending.journal(broadcast).values()) == {('skipped', 'opted_out')}
    assert sending.settle('taken') == 0


def opt_out(sending: Sending, client: str, *, tells: bool) -> None:
    """The client wants no messages; the bot reports it, or only remembers it."""
    if tells:
        data = json.dumps({'client_id': client})
        sending.system('take_bot_event', event=str(uuid4()), type='client.opted_out', data=data)
    else:
        sending.salon.insert('user_ltm_v2', tenant_id=sending.salon.id, user_id=client, allow_notifications=False)


@pytest.mark.parametrize('tells', [True, False])
@pytest.mark.parametrize('outcome', ['later', 'untried', 'unanswered'])
@pytest.mark.parametrize('kind', ['broadcast', 'message'])
def test_who_opts_out_while_it_is_being_sent_is_not_tried_again(
    sending: Sending, outcome: str, kind: str, tells: bool
) -> None:
    client, bystander = sending.client(), sending.client()
    if kind == 'broadcast':
        broadcast = sending.send()
        sending.release(2)
    else:
        for somebody in (client, bystander):
            sending.act('write_to_client', client=somebody, text='Ваш заказ готов')
    claimed = sending.system('claim_commands', number=200)
    opt_out(sending, client, tells=tells)
    sending.system(
        'settle_commands', commands=[one['id'] for one in claimed], leases=[one['lease'] for one in claimed],
        outcomes=[outcome] * 2, errors=['x'] * 2, waits=[0] * 2,
    )  # fmt: skip
    is_unknown = kind == 'broadcast' and outcome == 'unanswered'
    ends = {row[0]: row[2] for row in sending.commands()}
    assert ends == {client: 'unknown' if is_unknown else 'failed', bystander: 'unknown' if is_unknown else 'queued'}
    if kind == 'broadcast':
        assert sending.journal(broadcast)[client] == (('unknown', None) if is_unknown else ('skipped', 'opted_out'))


def test_who_opts_out_while_it_waits_for_its_next_try_gets_nothing(sending: Sending) -> None:
    people = [sending.client() for _client in range(3)]
    broadcast = sending.send()
    sending.release(3)
    sending.settle('later')
    first, second, last = people
    for client, minutes in ((first, 3), (second, 2), (last, 1)):
        sending.db.execute('update dashboard.bot_commands set next_attempt_at = now() - make_interval(mins => %s)'
                           ' where client_id = %s', (minutes, client))  # fmt: skip
    for client in (first, second):
        opt_out(sending, client, tells=False)
    (claimed,) = sending.system('claim_commands', number=1)
    assert claimed['data']['client_id'] == last
    assert sending.journal(broadcast) == {
        first: ('skipped', 'opted_out'), second: ('skipped', 'opted_out'), last: ('sending', None),
    }  # fmt: skip


def test_what_the_bot_delivered_before_the_client_opted_out_is_delivered(sending: Sending) -> None:
    client = sending.client()
    sending.act('write_to_client', client=client, text='Ваш заказ готов')
    (claimed,) = sending.system('claim_commands', number=200)
    opt_out(sending, client, tells=True)
    sending.system('settle_commands', commands=[claimed['id']], leases=[claimed['lease']], outcomes=['unanswered'],
                   errors=['ReadTimeout'], waits=[0])  # fmt: skip
    report = json.dumps({'command_id': claimed['id']})
    sending.system('take_bot_event', event=str(uuid4()), type='command.delivered', data=report)
    assert sending.commands() == [(client, 'client.message', 'delivered')]


# --- trying one message again


def written(sending: Sending, *outcomes: str) -> Any:
    """The key of a message to a client that nobody could send for a day; each try ended like that."""
    client = sending.client()
    sending.act('write_to_client', client=client, text='Ваш заказ готов')
    for outcome in outcomes:
        sending.settle(outcome)
        sending.db.execute('update dashboard.bot_commands set next_attempt_at = now() where client_id = %s', (client,))
    row = sending.db.execute(
        "update dashboard.bot_commands set status = 'dead', created_at = created_at - interval '3 days'"
        ' where client_id = %s returning id', (client,),
    ).fetchone()  # fmt: skip
    assert row
    return row[0]


def test_a_message_that_never_reached_the_bot_may_be_tried_again_however_old_it_is(sending: Sending) -> None:
    command = written(sending, 'later', 'later')
    assert sending.act('retry_command', command=command)['command'] == str(command)


def test_a_message_that_the_client_may_have_got_is_tried_again_only_while_the_bot_remembers_it(
    sending: Sending,
) -> None:
    command = written(sending, 'unanswered', 'later')
    row = sending.db.execute(
        "update dashboard.bot_commands set unanswered_at = unanswered_at - interval '41 hours' where id = %s"
        " returning unanswered_at + interval '2 hours'", (command,),
    ).fetchone()  # fmt: skip
    assert row
    assert refused(sending, 'retry_command', command=command)[:2] == ('PT409', 'perhaps_received')
    sending.db.execute('update dashboard.bot_commands set unanswered_at = %s where id = %s', (row[0], command))
    assert sending.act('retry_command', command=command)['command'] == str(command)
    seen = sending.db.execute('select expires_at - unanswered_at from dashboard.bot_commands where id = %s', (command,))
    assert seen.fetchone() == (timedelta(hours=48),)


def test_a_try_that_nobody_wrote_down_is_one_without_an_answer(sending: Sending) -> None:
    client = sending.client()
    sending.act('write_to_client', client=client, text='Ваш заказ готов')
    sending.system('claim_commands', number=200)
    sending.db.execute("update dashboard.bot_commands set leased_until = now() - interval '1 s'")
    assert sending.settle('later') == 1
    assert sending.db.execute(
        'select unanswered_at < now() from dashboard.bot_commands where client_id = %s', (client,)
    ).fetchone() == (True,)


@pytest.mark.parametrize('outcome', ['refused', 'unanswered'])
def test_a_broadcasts_message_is_tried_again_with_its_broadcast_only(sending: Sending, outcome: str) -> None:
    sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle(outcome)
    row = sending.db.execute(
        'select command_id from dashboard.broadcast_recipients where broadcast_id = %s', (broadcast,)
    ).fetchone()
    assert row
    assert refused(sending, 'retry_command', command=row[0])[:2] == ('PT409', 'with_its_broadcast')
    assert len(sending.commands()) == 1


def test_a_message_sent_again_expires_before_the_bot_forgets_it(sending: Sending) -> None:
    sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle('unanswered')
    sending.db.execute(
        "update dashboard.bot_commands set created_at = created_at - interval '39 hours', sent_at = '2026-01-01'"
    )
    sending.act('retry_broadcast', broadcast=broadcast)
    assert sending.release() == 1
    assert sending.db.execute(
        'select expires_at - created_at from dashboard.bot_commands where tenant_id = %s', (sending.salon.id,)
    ).fetchone() == (timedelta(hours=48),)


@pytest.mark.parametrize(('outcome', 'status', 'reason'), [
    ('taken', 'sent', None), ('refused', 'failed', 'refused'), ('unanswered', 'unknown', None),
    ('later', 'sending', None),
])  # fmt: skip
def test_the_journal_says_how_each_try_ended(sending: Sending, outcome: str, status: str, reason: str | None) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    assert sending.settle(outcome) == 1
    assert sending.journal(broadcast) == {client: (status, reason)}


def test_what_was_sent_without_an_answer_is_not_sent_again_by_itself(sending: Sending) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle('unanswered')
    sending.db.execute("update dashboard.bot_commands set next_attempt_at = now() - interval '1 day'")
    sending.system('hurry_commands')
    assert sending.settle('taken') == 0
    sending.release()
    assert sending.opened({'broadcast': broadcast})['broadcast']['status'] == 'done'
    assert sending.opened({'broadcast': broadcast})['can_retry'] == 1
    ids = [
        row[0] for row in sending.db.execute('select id from dashboard.bot_commands where client_id = %s', (client,))
    ]
    sending.act('retry_broadcast', broadcast=broadcast)
    assert sending.journal(broadcast) == {client: ('waiting', None)}
    sending.db.execute("update dashboard.bot_commands set sent_at = sent_at - interval '2 s'")
    assert sending.release() == 1
    assert sending.settle('taken') == 1
    assert sending.journal(broadcast) == {client: ('sent', None)}
    assert ids == [
        row[0] for row in sending.db.execute('select id from dashboard.bot_commands where client_id = %s', (client,))
    ]


@pytest.mark.parametrize(('event', 'more', 'end'), [
    ('command.delivered', {}, ('delivered', None)), ('command.failed', {'reason': 'blocked'}, ('failed', 'blocked')),
])  # fmt: skip
@pytest.mark.parametrize('outcome', ['taken', 'unanswered'])
def test_the_bots_report_is_the_last_word(
    sending: Sending, outcome: str, event: str, more: dict[str, str], end: tuple[str, str | None]
) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle(outcome)
    row = sending.db.execute(
        'select command_id::text from dashboard.broadcast_recipients where client_id = %s', (client,)
    )
    report = json.dumps({'command_id': row.fetchall()[0][0]} | more)
    sending.system('take_bot_event', event=str(uuid4()), type=event, data=report)
    assert sending.journal(broadcast) == {client: end}


def test_a_bot_that_asks_for_patience_gets_it_from_all_broadcasts_and_other_commands_go_on(sending: Sending) -> None:
    for _client in range(12):
        sending.client()
    other = sending.client()
    broadcast = sending.send(quiet_days=0)
    sending.release(2)
    assert sending.settle('later', wait=30) == 11
    sending.db.execute("update dashboard.bot_commands set next_attempt_at = now() - interval '1 hour'")
    assert sending.system('release_broadcasts') == {'released': 0, 'under_way': 11, 'is_due': False}
    sending.db.execute(
        'delete from dashboard.bot_commands where client_id = %s and id not in (select command_id from'
        ' dashboard.broadcast_recipients where command_id is not null)', (other,),
    )  # fmt: skip
    stranger = sending.salon.client(telegram_chat_id=5)
    sending.act('write_to_client', client=stranger, text='Ваш вопрос решён')
    assert sending.settle('taken') == 1
    sending.db.execute("update dashboard.broadcast_pace set paused_until = now() - interval '1 s'")
    assert sending.settle('taken') == 11
    assert [status for status, _reason in sending.journal(broadcast).values()].count('sent') == 11


def test_a_pause_takes_back_what_was_not_tried_and_nobody_is_forgotten(sending: Sending) -> None:
    people = {sending.client() for _client in range(15)}
    broadcast = sending.send()
    sending.release()
    sending.act('steer_broadcast', broadcast=broadcast, act='pause')
    assert set(sending.journal(broadcast).values()) == {('waiting', None)}
    assert sending.commands() == []
    assert sending.release(2) == 0
    sending.act('steer_broadcast', broadcast=broadcast, act='resume')
    assert sending.release(2) == 15
    assert sending.settle('taken') == 15
    assert {client for client, *_rest in sending.commands()} == people


def test_what_the_bot_refused_for_now_is_held_by_a_pause_and_by_quiet_hours(sending: Sending) -> None:
    for _client in range(3):
        sending.client()
    broadcast = sending.send()
    sending.release(3)
    sending.settle('later')
    sending.db.execute("update dashboard.bot_commands set next_attempt_at = now() - interval '1 s'")
    quiet_now(sending)
    assert sending.settle('taken') == 0
    sending.db.execute('update dashboard.tenant_settings set quiet_from = null, quiet_to = null')
    sending.act('steer_broadcast', broadcast=broadcast, act='pause')
    assert set(sending.journal(broadcast).values()) == {('waiting', None)}
    assert sending.settle('taken') == 0


def test_trying_again_keeps_the_pace_and_what_the_bot_has_forgotten_is_not_tried(sending: Sending) -> None:
    for _client in range(30):
        sending.client()
    broadcast = sending.send()
    while sending.release():
        sending.settle('unanswered')
    old = "update dashboard.broadcast_recipients set handed_at = now() - interval '41 hours' where place <= 5"
    sending.db.execute(old)
    assert sending.opened({'broadcast': broadcast})['can_retry'] == 25
    assert sending.act('retry_broadcast', broadcast=broadcast)['recipients'] == 25
    assert sending.settle('taken') == 0
    sending.db.execute("update dashboard.bot_commands set sent_at = sent_at - interval '2 s'")
    assert sending.release() == 10
    assert sending.settle('taken') == 10
    sending.act('steer_broadcast', broadcast=broadcast, act='stop')
    assert [status for status, _reason in sending.journal(broadcast).values()].count('unknown') == 5


def test_what_is_being_sent_when_it_is_stopped_is_unknown_until_the_bot_reports(sending: Sending) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle('later')
    sending.db.execute("update dashboard.bot_commands set next_attempt_at = now() - interval '1 s'")
    (claimed,) = sending.system('claim_commands', number=200)
    sending.act('steer_broadcast', broadcast=broadcast, act='stop')
    assert sending.journal(broadcast) == {client: ('unknown', None)}
    report = json.dumps({'command_id': claimed['id']})
    sending.system('take_bot_event', event=str(uuid4()), type='command.delivered', data=report)
    assert sending.journal(broadcast) == {client: ('delivered', None)}


def test_what_somebody_writes_does_not_wait_for_a_broadcasts_message(sending: Sending) -> None:
    client = sending.client()
    sending.send(quiet_days=0)
    sending.release()
    sending.settle('later')
    sending.act('write_to_client', client=client, text='Ваш вопрос решён')
    (claimed,) = sending.system('claim_commands', number=200)
    assert claimed['type'] == 'client.message'


def test_what_was_not_begun_is_given_back_as_it_was(sending: Sending) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    assert sending.settle('untried') == 1
    assert sending.journal(broadcast) == {client: ('sending', None)}
    assert sending.db.execute('select attempts, lease from dashboard.bot_commands where client_id = %s', (client,)
                              ).fetchone() == (0, None)  # fmt: skip
    assert sending.settle('taken') == 1


def test_a_stop_ends_it_and_says_of_each_how_it_ended(sending: Sending) -> None:
    for _client in range(30):
        sending.client()
    broadcast = sending.send()
    sending.release(2)
    sending.settle('taken')
    sending.release()
    sending.system('claim_commands', number=200)
    sending.act('steer_broadcast', broadcast=broadcast, act='stop')
    ends = list(sending.journal(broadcast).values())
    assert (ends.count(('sent', None)), ends.count(('skipped', 'stopped'))) == (11, 9)
    assert [status for status, _reason in ends].count('unknown') == 10
    assert refused(sending, 'steer_broadcast', broadcast=broadcast, act='resume')[:2] == ('PT409', 'status_changed')
    assert sending.release(2) == 0


def test_a_chat_gets_one_message_a_second_at_most(sending: Sending) -> None:
    client = sending.client()
    sending.send(quiet_days=0)
    sending.send(quiet_days=0, name='Вторая')
    assert sending.release(3) == 1
    sending.settle('taken')
    assert sending.release(3) == 0
    sending.db.execute("update dashboard.bot_commands set sent_at = now() - interval '2 s'")
    assert sending.release() == 1
    assert [row[0] for row in sending.commands()] == [client, client]


# --- what came of it


def test_the_result_compares_those_who_got_it_with_those_who_did_not(sending: Sending) -> None:
    people = [sending.client() for _client in range(200)]
    broadcast = sending.send(held_out_percent=20)
    while sending.release(1):
        sending.settle('taken')
    sending.db.execute(
        "update dashboard.broadcast_recipients set handed_at = now() - interval '8 days' where status = 'sent';"
        "update dashboard.broadcasts set sent_at = now() - interval '8 days', started_at = now() - interval '8 days'"
    )
    salon, journal = sending.salon, sending.journal(broadcast)
    got = [client for client in people if journal[client][0] == 'sent']
    places: dict[str, int] = dict(sending.db.execute(
        'select client_id::text, place from dashboard.broadcast_recipients where broadcast_id = %s', (broadcast,)
    ).fetchall())  # fmt: skip
    last = max(places[client] for client in got)
    held_out = [client for client in people if journal[client][0] == 'held_out' and places[client] < last]
    for number, client in enumerate([*got[:60], *held_out[:2]]):
        salon.archive(
            client, salon.ago(days=5), booking_id=f'r{number}', booking_amount=1000,
            booking_status='cancelled' if number == 0 else 'confirmed', booking_currency='KZT' if number == 1 else None,
        )  # fmt: skip
    salon.archive(got[61], salon.ago(hours=5), booking_id='late', booking_amount=7)
    salon.say(got[62], None, 'user', salon.ago(days=7))
    salon.say(got[63], None, 'assistant', salon.ago(days=7))
    result = sending.opened({'broadcast': broadcast})['result']
    assert result['got'] == {'number': len(got), 'answered': 1, 'booked': 60, 'revenue': 58000}
    assert result['held_out'] == {'number': len(held_out), 'answered': 0, 'booked': 2, 'revenue': 2000}
    shares = result['difference']
    assert shares['share'] == pytest.approx(60 / len(got) - 2 / len(held_out), abs=1e-5)
    assert shares['low'] < shares['share'] < shares['high']
    assert shares['low'] > 0


def test_a_booking_made_in_the_dialog_that_the_message_opened_counts(sending: Sending) -> None:
    client = sending.client()
    broadcast = sending.send()
    sending.release()
    sending.settle('taken')
    sending.db.execute(
        "update dashboard.broadcast_recipients set handed_at = now() - interval '2 min', sent_at = now();"
        "update dashboard.broadcasts set sent_at = now() - interval '3 min'"
    )
    sending.salon.archive(client, sending.salon.ago(seconds=90), booking_id='r', booking_amount=5000)
    got = sending.opened({'broadcast': broadcast})['result']['got']
    assert (got['booked'], got['revenue']) == (1, 5000)


@pytest.mark.parametrize(('counts', 'wanted'), [
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10: contrasts (a), (b), (e)
    ((56, 70, 48, 80), (0.2, 0.0524, 0.3339)), ((9, 10, 3, 10), None), ((5, 56, 0, 29), None),
    ((29, 29, 20, 30), (1 / 3, None, None)), ((3, 300, 1, 200), None), ((0, 0, 5, 50), None),
])  # fmt: skip
def test_the_interval_of_a_difference(db: Connection, counts: tuple[int, ...], wanted: Any) -> None:
    row = db.execute('select dashboard.difference_of_shares(%s, %s, %s, %s)', counts).fetchone()
    assert row
    if wanted is None or counts[1] < 30:
        assert row[0] is None
        return
    assert row[0]['share'] == pytest.approx(wanted[0], abs=1e-4)
    assert row[0]['low'] == pytest.approx(wanted[1], abs=1e-4)
    assert row[0]['high'] == pytest.approx(wanted[2], abs=1e-4)


def test_the_message_stands_on_the_clients_card(sending: Sending) -> None:
    client = sending.client()
    sending.send()
    sending.release()
    sending.settle('taken')
    (command,) = sending.call('open_client', client=client)['commands']
    assert (command['type'], command['text'], command['status']) == ('broadcast.message', 'Мы скучаем!', 'sent')


# --- saved filters


def test_filters_are_kept_under_a_name_and_changed_under_the_same_one(sending: Sending) -> None:
    first = sending.act('save_view', page='clients', name='Давно не были', params='kind=overdue')
    again = sending.act('save_view', page='clients', name='давно не были', params='kind=overdue&channel=telegram')
    assert first == again
    (view,) = sending.call('list_views', page='clients')['views']
    assert (view['name'], view['params']) == ('давно не были', 'kind=overdue&channel=telegram')
    sending.act('remove_view', view=view['id'])
    assert sending.call('list_views', page='clients')['views'] == []
    assert refused(sending, 'remove_view', view=view['id'])[0] == 'PT404'


@pytest.mark.parametrize(('name', 'params', 'reason'), [
    ('', 'kind=new', 'required'), ('я' * 101, 'kind=new', 'too_long'), ('Все', '', 'nothing_to_save'),
    ('Все', 'x' * 2001, 'nothing_to_save'),
])  # fmt: skip
def test_filters_without_a_name_or_without_anything_are_refused(
    sending: Sending, name: str, params: str, reason: str
) -> None:
    assert refused(sending, 'save_view', page='clients', name=name, params=params)[:2] == ('PT400', reason)


def test_only_owners_see_and_send_broadcasts(sending: Sending, as_role: AsRole) -> None:
    sending.client()
    broadcast = sending.send()
    for function, arguments in (
        ('page_of_broadcasts', {}), ('open_broadcast', {'broadcast': broadcast}),
        ('page_of_recipients', {'broadcast': broadcast}), ('list_views', {'page': 'clients'}),
    ):  # fmt: skip
        with pytest.raises(psycopg.Error) as failure:
            sending._call(function, arguments, app_role='staff', tenant_id=sending.salon.id, sub=str(sending.owner))
        assert failure.value.sqlstate == 'PT403'


def test_midnight_is_a_time(db: Connection) -> None:
    row = db.execute(
        "select dashboard.open_moment('2026-03-02 12:00+00', 12 * 3600 + 60, 'UTC', %s, %s)", (time(0), time(8))
    ).fetchone()
    assert row
    assert row[0].isoformat() == '2026-03-03T08:01:00+00:00'
