"""Commands reach the bot once and in order, whatever it does; and nobody but the bot can say what became of them."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

import bot as bot_module
from bot import LONGEST_EVENT, Bot, bot
from data import Conflict, Data, Unavailable
from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from models import BotState, GivenCommand, Outcome
from tests.commands import OWNER, STAFF, FarEnd, identity
from tests.simulated import until
from tokens import SYSTEM

ROOT = Path(bot_module.__file__).parent
AWAY = float(os.environ.get('BOT_AWAY_SECONDS', '2'))
PATIENT = 40 + 2 * AWAY
SAID = 'from public.recent_history_v2 where message'


async def all_through(far_end: FarEnd, number: int, *, bots: tuple[Bot, ...] = (bot,)) -> None:
    """Deliver again and again, as the dashboard does, until so many commands were carried out."""
    async with asyncio.timeout(PATIENT):
        while far_end.statuses().get('delivered', 0) < number:
            await Data(SYSTEM).commands.hurry()
            await asyncio.gather(*(each.deliver() for each in bots))
            await asyncio.sleep(0.1)


def acted(far_end: FarEnd) -> list[tuple[Any, ...]]:
    """The commands that the bot acted on: client and the command's place in the outbox, in the order of acting."""
    return far_end.rows(
        'select coalesce(s.client_id, c.tenant_id), c.number from standin_bot.seen_commands s'
        ' join dashboard.bot_commands c on c.id = s.id'
        ' order by s.number'
    )


def in_order(far_end: FarEnd) -> bool:
    """Whether each client got the commands in the order in which they were given."""
    last: dict[str, int] = {}
    for client, number in acted(far_end):
        if last.get(client, 0) > number:
            return False
        last[client] = number
    return True


# --- the way there


async def test_a_message_reaches_the_dialog_and_its_delivery_comes_back(far_end: FarEnd) -> None:
    (entry,) = far_end.wishes(1)
    await Data(identity(STAFF)).waiting_list.write(uuid4(), {entry: '0:pending'}, message='Ждём вас <b>завтра</b>')
    await bot.deliver()
    await until(lambda: far_end.statuses() == {'delivered': 1})
    said = far_end.rows(
        "select role, session_id is null from public.recent_history_v2 where message like 'Ждём вас <b>%%'"
    )
    assert said == [('operator', False)]


async def test_twenty_equal_submits_are_one_act_and_one_command(far_end: FarEnd) -> None:
    (entry,) = far_end.wishes(1)
    key, data = uuid4(), Data(identity(OWNER))
    answers = await asyncio.gather(
        *(data.waiting_list.convert(key, {entry: '0:pending'}, amount=None, note='') for _n in range(20))
    )
    assert [answer == answers[0] for answer in answers] == [True] * 20
    assert far_end.rows('select count(*) from dashboard.wishlist_actions') == [(1,)]
    assert far_end.rows('select count(*), min(type) from dashboard.bot_commands') == [(1, 'waitlist.converted')]
    assert far_end.rows('select count(*) from dashboard.audits where key = %s', key) == [(1,)]


async def test_of_twenty_people_who_act_on_one_entry_one_is_first_and_the_others_are_told(far_end: FarEnd) -> None:
    (entry,) = far_end.wishes(1)
    data = Data(identity(OWNER))
    acts = [data.waiting_list.cancel(uuid4(), {entry: '0:pending'}, note='нет') for _n in range(20)]
    results = await asyncio.gather(*acts, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 19
    assert {error.reason for error in refused} == {'changed_meanwhile'}
    assert far_end.rows('select count(*) from dashboard.bot_commands') == [(1,)]


async def test_another_person_cannot_take_over_a_key(far_end: FarEnd) -> None:
    (entry,) = far_end.wishes(1)
    key = uuid4()
    await Data(identity(OWNER)).waiting_list.note(key, {entry: '0:pending'}, note='раз')
    with pytest.raises(Conflict):
        await Data(identity(STAFF)).waiting_list.note(key, {entry: '0:pending'}, note='два')
    with pytest.raises(Conflict):
        await Data(identity(OWNER)).waiting_list.cancel(key, {entry: '0:pending'}, note='другое')


async def test_two_deliverers_send_no_command_twice(far_end: FarEnd) -> None:
    far_end.queue(120, clients=40)
    second = Bot()
    await all_through(far_end, 120, bots=(bot, second))
    await second.close()
    assert far_end.rows('select max(attempts), count(*) from dashboard.bot_commands') == [(1, 120)]
    assert len(acted(far_end)) == 120
    assert in_order(far_end)


async def test_the_end_of_the_process_waits_for_what_is_being_sent_and_takes_nothing_new(far_end: FarEnd) -> None:
    far_end.queue(40, clients=20)
    await far_end.behave(mode='slow', seconds=1)
    leased = "select count(*) from dashboard.bot_commands where status = 'queued' and leased_until > now()"
    bot.deliver_soon()
    await until(lambda: len(acted(far_end)) > 0)
    await bot.close()
    assert far_end.rows(leased) == [(0,)], 'nothing that was begun hangs in the air'
    begun = far_end.rows("select count(*) from dashboard.bot_commands where status <> 'queued'")
    assert begun == [(len(acted(far_end)),)]
    assert begun < [(20,)]


async def test_what_is_cut_short_is_written_down_and_what_was_not_begun_is_given_back(far_end: FarEnd) -> None:
    far_end.queue(40, clients=40)
    await far_end.behave(mode='slow', seconds=5)
    delivering = asyncio.create_task(bot.deliver())
    await until(lambda: len(acted(far_end)) >= bot_module.AT_ONCE)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    assert far_end.rows('select count(*) from dashboard.bot_commands where lease is not null') == [(0,)]
    tried = far_end.rows('select attempts, count(*) from dashboard.bot_commands group by 1 order by 1')
    assert tried == [(0, 40 - bot_module.AT_ONCE), (1, bot_module.AT_ONCE)]


async def test_a_bot_that_asks_for_patience_is_not_sent_the_rest_of_what_was_claimed(far_end: FarEnd) -> None:
    far_end.queue(40, clients=40)
    far_end.rows("update dashboard.bot_commands set type = 'broadcast.message',"
                 " data = data || jsonb_build_object('broadcast_id', gen_random_uuid())")  # fmt: skip
    far_end.rows(
        'insert into dashboard.broadcasts (id, tenant_id, name, text, status)'
        " select (data ->> 'broadcast_id')::uuid, tenant_id, 'терпение', 'x', 'running' from dashboard.bot_commands"
    )
    await far_end.behave(mode='busy', seconds=30)
    await bot.deliver()
    waiting = 'select count(*), min(extract(epoch from next_attempt_at - now())) > 25 from dashboard.bot_commands'
    assert far_end.rows(f"{waiting} where last_error = 'HTTP 429'") == [(40, True)]
    far_end.rows("delete from dashboard.broadcasts where name = 'терпение'")
    far_end.rows('truncate dashboard.broadcast_pace')


@pytest.mark.parametrize(('header', 'body', 'lowest', 'highest'), [
    ('7', b'', 7, 7), (None, b'{"retry_after": 8.2}', 9, 9), (None, b'{"parameters": {"retry_after": 30}}', 30, 30),
    ('Fri, 01 Jan 2100 00:00:00 GMT', b'', 86400, 86400),
    ('Wed, 21 Oct 2015 07:28:00 GMT', b'', 1, 1), ('soon', b'[1]', 1, 1), (None, b'[' * 100_000, 1, 1),
])  # fmt: skip
def test_how_long_a_bot_asks_for_patience(header: str | None, body: bytes, lowest: int, highest: int) -> None:
    headers = {'retry-after': header} if header else {}
    outcome = bot_module._outcome_of(httpx.Response(429, headers=headers, content=body))
    assert lowest <= outcome.wait <= highest


async def test_a_command_that_the_bot_hangs_on_holds_nothing_else_up(far_end: FarEnd) -> None:
    far_end.queue(1, clients=1)
    await far_end.behave(mode='slow', seconds=8)
    bot.deliver_soon()
    await until(lambda: len(acted(far_end)) == 1)
    await far_end.behave()
    far_end.queue(60, clients=30)
    bot.deliver_soon()
    await until(lambda: far_end.statuses() == {'delivered': 61}, seconds=5)
    assert bot._delivery
    assert not bot._delivery.done(), 'the bot has not answered the first one yet'
    await bot.delivered()


async def test_a_bot_that_is_killed_and_ill_acts_once_on_each_of_200_commands_in_order(
    far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_module, 'SEND_SECONDS', 1.0)
    far_end.queue(200, clients=25)
    delivering = asyncio.create_task(all_through(far_end, 200))
    await until(lambda: len(acted(far_end)) > 20)
    await far_end.kill()
    await asyncio.sleep(AWAY)
    await far_end.start()
    for manners in ({'mode': 'error'}, {'mode': 'deaf'}, {'mode': 'slow', 'seconds': 3}, {'answers_twice': True}):
        await far_end.behave(**manners)
        await asyncio.sleep(1.2)
    await far_end.behave(answers_twice=True)
    await delivering
    assert len(acted(far_end)) == 200
    assert in_order(far_end)
    assert far_end.statuses() == {'delivered': 200}
    said = far_end.rows(rf"select count(*), count(distinct message) {SAID} ~ '^Сообщение \d+$'")
    assert said == [(200, 200)]


async def test_a_lease_that_ran_out_settles_nothing(far_end: FarEnd) -> None:
    far_end.queue(1)
    commands = Data(SYSTEM).commands
    (first,) = await commands.claim(5)
    assert await commands.claim(5) == []
    far_end.rows("update dashboard.bot_commands set leased_until = now() - interval '1 s'")
    (second,) = await commands.claim(5)
    await commands.settle([(first, Outcome('refused', 'too late'))])
    assert far_end.statuses() == {'queued': 1}
    await commands.settle([(second, Outcome('taken'))])
    assert far_end.statuses() == {'sent': 1}


async def test_pauses_grow_until_a_day_is_over(far_end: FarEnd) -> None:
    far_end.queue(1)
    commands = Data(SYSTEM).commands
    pauses: list[float] = []
    for _try in range(12):
        far_end.rows('update dashboard.bot_commands set next_attempt_at = now()')
        (command,) = await commands.claim(1)
        await commands.settle([(command, Outcome('later', 'HTTP 500'))])
        pauses += far_end.rows('select extract(epoch from next_attempt_at - now())::float from dashboard.bot_commands')[
            0
        ]
    assert 3 < pauses[0] < 6.1
    assert all(later > earlier * 1.2 for earlier, later in pairwise(pauses[:8]))
    assert max(pauses) <= 1800 * 1.2
    far_end.rows("update dashboard.bot_commands set expires_at = now() + interval '1 min', next_attempt_at = now()")
    (command,) = await commands.claim(1)
    await commands.settle([(command, Outcome('later', 'HTTP 500'))])
    assert far_end.statuses() == {'dead': 1}


async def test_what_nobody_could_send_for_a_day_is_given_up_and_tried_again_under_its_id(
    far_end: FarEnd,
) -> None:
    far_end.queue(1)
    far_end.rows("update dashboard.bot_commands set expires_at = now() - interval '1 s'")
    await bot.deliver()
    ((command, status),) = far_end.rows('select id, status from dashboard.bot_commands')
    assert status == 'dead'
    await Data(identity(OWNER)).commands.retry(uuid4(), command)
    await all_through(far_end, 1)
    assert far_end.rows('select id from standin_bot.seen_commands') == [(command,)]


async def test_what_the_bot_cannot_do_says_why_and_is_tried_again_as_a_new_command(far_end: FarEnd) -> None:
    await far_end.behave(mode='unable')
    (entry,) = far_end.wishes(1)
    data = Data(identity(STAFF))
    await data.waiting_list.write(uuid4(), {entry: '0:pending'}, message='Добрый день')
    await bot.deliver()
    await until(lambda: far_end.statuses() == {'failed': 1})
    failed = (await data.waiting_list.open(entry)).actions[0].command
    assert isinstance(failed, GivenCommand)
    assert failed.error == 'the client blocked the bot'
    await far_end.behave(mode='well')
    key = uuid4()
    await asyncio.gather(*(data.commands.retry(key, failed.id) for _n in range(5)))
    await all_through(far_end, 1)
    again = (await data.waiting_list.open(entry)).actions[0].command
    assert again
    assert (again.status, again.id == failed.id) == ('delivered', False)
    with pytest.raises(Conflict):
        await data.commands.retry(uuid4(), failed.id)


async def test_what_is_about_the_salon_waits_for_its_own_kind_only(far_end: FarEnd) -> None:
    kinds = ('salon.alert', 'settings.changed', 'salon.alert', 'broadcast.test', 'settings.changed')
    for kind in kinds:
        far_end.rows(
            'insert into dashboard.bot_commands (id, key, tenant_id, type) values'
            ' (gen_random_uuid(), gen_random_uuid(), %s, %s)', SALON_A.id, kind,
        )  # fmt: skip
    far_end.rows(
        "update dashboard.bot_commands set next_attempt_at = now() + interval '1 hour', last_error = 'HTTP 500'"
        ' where number = (select min(number) from dashboard.bot_commands)'
    )
    claimed = await Data(SYSTEM).commands.claim(5)
    assert [command.type for command in claimed] == ['settings.changed', 'broadcast.test']
    await Data(SYSTEM).commands.settle([(command, Outcome('taken')) for command in claimed])
    assert [command.type for command in await Data(SYSTEM).commands.claim(5)] == ['settings.changed']


async def test_a_refusal_for_ever_is_not_tried_again(far_end: FarEnd) -> None:
    await far_end.behave(mode='refuse')
    far_end.queue(1)
    await bot.deliver()
    assert far_end.rows('select status, last_error, attempts from dashboard.bot_commands') == [
        ('failed', 'HTTP 410', 1)
    ]


async def test_a_job_sends_what_was_not_taken(far_end: FarEnd) -> None:
    far_end.queue(3)
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, '-m', 'jobs', 'commands', '--once'], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, 'commands: 3\n'), done.stderr
    await until(lambda: far_end.statuses() == {'delivered': 3})
    wrong = await asyncio.to_thread(subprocess.run, [sys.executable, '-m', 'jobs', 'x'], cwd=ROOT, capture_output=True)
    assert wrong.returncode == 2


async def test_a_bot_that_goes_and_comes_back_is_noticed_and_gets_at_once_what_waited(far_end: FarEnd) -> None:
    await bot.check()
    assert bot.state is BotState.UP
    await far_end.kill()
    seen: list[BotState] = []
    end = bot.watch(lambda: seen.append(bot.state))
    await bot.check()
    far_end.queue(1)
    await bot.deliver()
    far_end.rows("update dashboard.bot_commands set next_attempt_at = now() + interval '20 min'")
    await far_end.start()
    await bot.check()
    end()
    assert seen == [BotState.DOWN, BotState.UP]
    await bot.deliver()
    await until(lambda: far_end.statuses() == {'delivered': 1})
    await far_end.behave(mode='down')
    await bot.check()
    assert not bot.is_reachable


# --- the way back


def signed(
    stack: Stack, kind: str, data: Any, *, secret: str = '', at: datetime | None = None, event: str = ''
) -> tuple[bytes, dict[str, str]]:
    """A callback as the bot sends it."""
    at, event = at or datetime.now(UTC), event or str(uuid4())
    body = json.dumps({'type': kind, 'timestamp': at.isoformat(), 'data': data})
    signature = Webhook(secret or stack.secrets.webhook_secret).sign(event, at, body)
    headers = {'webhook-id': event, 'webhook-timestamp': str(int(at.timestamp())), 'webhook-signature': signature}
    return body.encode(), headers


def command_of(far_end: FarEnd) -> str:
    far_end.queue(1)
    return str(far_end.rows('select id from dashboard.bot_commands')[0][0])


OTHER_SECRET = 'whsec_' + 'A' * 40


@pytest.mark.parametrize(('reason', 'status'), [
    ('unsigned', 401), ('forged', 401), ('other secret', 401), ('other body', 401), ('old', 401),
    ('from the future', 401), ('garbage in the signature', 401), ('malformed', 400), ('unknown', 400),
    ('too long', 413),
])  # fmt: skip
async def test_a_callback_that_is_not_to_be_believed_changes_nothing_and_is_counted(
    far_end: FarEnd, reason: str, status: int
) -> None:
    data = {'command_id': command_of(far_end)}
    at = {'old': -timedelta(minutes=6), 'from the future': timedelta(minutes=6)}.get(reason, timedelta(0))
    kind = 'command.invented' if reason == 'unknown' else 'command.delivered'
    sent: Any = [1] if reason == 'malformed' else data
    if reason == 'too long':
        sent = data | {'x': 'x' * LONGEST_EVENT}
    secret = OTHER_SECRET if reason == 'other secret' else ''
    body, headers = signed(far_end.stack, kind, sent, secret=secret, at=datetime.now(UTC) + at)
    if reason == 'unsigned':
        headers.pop('webhook-signature')
    if reason in {'forged', 'garbage in the signature'}:
        headers['webhook-signature'] = 'v1,' + 'A' * 43 + '=' if reason == 'forged' else 'v1,ё,,%%'
    if reason == 'other body':
        body = body.replace(b'command.delivered', b'command.failed   ')
    receipt = await bot.receive(body, headers)
    assert receipt.status == status
    assert far_end.statuses() == {'queued': 1}
    await until(lambda: far_end.rows('select reason, number from dashboard.refused_callbacks') == [(receipt.text, 1)])


async def test_a_callback_counts_once(far_end: FarEnd) -> None:
    body, headers = signed(far_end.stack, 'command.delivered', {'command_id': command_of(far_end)})
    receipts = await asyncio.gather(*(bot.receive(body, headers) for _n in range(10)))
    assert sorted(receipt.status for receipt in receipts) == [200] + [409] * 9
    assert far_end.statuses() == {'delivered': 1}
    await until(lambda: far_end.rows('select reason, number from dashboard.refused_callbacks') == [('replayed', 9)])


@pytest.mark.parametrize('data', [
    {}, {'command_id': None}, {'command_id': 'x'}, {'command_id': str(uuid4())}, {'command_id': {'a': 1}},
])  # fmt: skip
async def test_a_callback_about_nothing_changes_nothing(far_end: FarEnd, data: Any) -> None:
    command_of(far_end)
    assert (await bot.receive(*signed(far_end.stack, 'command.delivered', data))).status == 200
    assert far_end.statuses() == {'queued': 1}


async def test_what_is_through_does_not_fail_afterwards(far_end: FarEnd) -> None:
    data = {'command_id': command_of(far_end), 'reason': 'x' * 5000}
    await bot.receive(*signed(far_end.stack, 'command.failed', data))
    assert far_end.rows('select status, length(last_error) from dashboard.bot_commands') == [('failed', 500)]
    await bot.receive(*signed(far_end.stack, 'command.delivered', data))
    assert far_end.statuses() == {'failed': 1}


async def test_a_client_who_opts_out_gets_nothing_that_still_waits(far_end: FarEnd) -> None:
    (entry,) = far_end.wishes(1)
    data = Data(identity(OWNER)).waiting_list
    await data.write(uuid4(), {entry: '0:pending'}, message='Добрый день')
    client = (await data.open(entry)).entry.client_id
    await bot.receive(*signed(far_end.stack, 'client.opted_out', {'client_id': str(client)}))
    assert far_end.rows('select status, last_error from dashboard.bot_commands') == [('failed', 'opted_out')]
    assert not (await data.open(entry)).wants_messages
    with pytest.raises(Conflict, match='opted_out'):
        await data.write(uuid4(), {entry: '0:pending'}, message='Ещё раз')
    far_end.rows(
        'insert into public.user_ltm_v2 (tenant_id, user_id, allow_notifications, updated_at)'
        " values (%s, %s, true, now() + interval '1 s')"
        ' on conflict (tenant_id, user_id) do update set allow_notifications = true, updated_at = excluded.updated_at',
        OWNER['tenant_id'], client,
    )  # fmt: skip
    assert (await data.open(entry)).wants_messages


async def test_nothing_is_refused_silently_when_the_data_store_is_away(far_end: FarEnd) -> None:
    body, headers = signed(far_end.stack, 'command.delivered', {'command_id': command_of(far_end)})
    with far_end.stack.faults.active(api='unavailable'), pytest.raises(Unavailable):
        await bot.receive(body, headers)
    assert far_end.statuses() == {'queued': 1}
    assert (await bot.receive(body, headers)).status == 200
    assert far_end.statuses() == {'delivered': 1}
