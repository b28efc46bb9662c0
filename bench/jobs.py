"""How long the jobs take, beside the same work done by plain SQL.

./dev bench jobs [--salons 10] [--dialogs 20000] [--commands 1000] [--recipients 10000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import psycopg

from bench.harness import ROOT
from devstack.postgres import HOST
from devstack.stack import Stack

DAYS = 90
ANSWER_SECONDS = 0.02
SALONS = """
    with salon as (
        insert into public.tenants_v2 (name) select 'Салон ' || n from generate_series(1, %(salons)s) n returning id
    ), client as (
        insert into public.clients_v2 (tenant_id, full_name)
        select id, 'Клиент ' || n from salon, generate_series(1, greatest(%(dialogs)s / 20, 1)) n
        returning id, tenant_id
    ), numbered as (
        select id, tenant_id, row_number() over (partition by tenant_id) as n from client
    ), dialog as (
        insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at, ended_at,
            final_status, final_intent, booking_id, booking_status, booking_amount, meta, created_at)
        select gen_random_uuid(), c.tenant_id, c.id, 'telegram', at, at + interval '10 min', 'done', 'booking',
            case when k %% 4 = 0 then gen_random_uuid()::text end, 'confirmed',
            case when k %% 4 = 0 then 1500 + k %% 900 end,
            jsonb_build_object('staff_name', 'Мастер ' || k %% 7,
                'services_mentioned', jsonb_build_array('Услуга ' || k %% 9)),
            at + interval '10 min'
        from numbered c, generate_series(1, 20) k,
            lateral (select now() - interval '1 day'
                - make_interval(secs => (c.n * 20 + k) * 89 * 86400.0 / %(dialogs)s) as at) a
        returning tenant_id, user_id, session_id, started_at
    )
    insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)
    select tenant_id, user_id, session_id, case n %% 2 when 1 then 'user' else 'assistant' end, 'текст',
        started_at + interval '20 s' * n
    from dialog, generate_series(1, 4) n
"""
BARE = """
    create temp table day_figures on commit drop as
    select t.id, d.* from public.tenants_v2 t, lateral dashboard.compute_days(t.id, 'Europe/Moscow', 'RUB',
        current_date - 90, current_date - 1) d;
    create temp table day_parts on commit drop as
    select t.id, d.* from public.tenants_v2 t, lateral dashboard.compute_breakdowns(t.id, 'Europe/Moscow', 'RUB',
        current_date - 90, current_date - 1) d
"""
COMMANDS = """
    insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, data)
    select gen_random_uuid(), gen_random_uuid(), tenant_id, id, 'client.message', '{"text": "x"}'
    from public.clients_v2 limit %s
"""


class Answering(BaseHTTPRequestHandler):
    """A bot that takes everything, a moment later."""

    protocol_version = 'HTTP/1.1'

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers['content-length']))
        time.sleep(ANSWER_SECONDS)
        self.send_response(200)
        self.send_header('content-length', '0')
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


def job(stack: Stack, *arguments: str, bot_url: str = 'http://127.0.0.1:9') -> float:
    """The seconds that `python -m jobs` takes with these arguments, its start included."""
    environment = os.environ | stack.app_environment(bot_url=bot_url, port=1)
    started = time.monotonic()
    subprocess.run(
        [sys.executable, '-m', 'jobs', *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - started


def measure_metrics(stack: Stack, db: psycopg.Connection[Any], salons: int, dialogs: int) -> None:
    """The first collection of all salons, and one that has nothing to do."""
    db.execute(SALONS.encode(), {'salons': salons, 'dialogs': dialogs})
    db.execute('vacuum analyze')
    bare = []
    for _round in range(3):
        started = time.monotonic()
        with db.transaction():
            for statement in BARE.split(';'):
                db.execute(statement.encode())
        bare.append(time.monotonic() - started)
    first, again = job(stack, 'metrics', '--once'), job(stack, 'metrics', '--once')
    print(f'# {salons} salons, {dialogs} dialogs each, {DAYS} days')
    print(f'bare insert ... select       {min(bare):6.2f} s')
    print(f'python -m jobs metrics       {first:6.2f} s   {first / min(bare):.2f} times')
    print(f'the same, nothing to do      {again:6.2f} s', flush=True)


def measure_commands(stack: Stack, db: psycopg.Connection[Any], number: int) -> None:
    """Drain a queue against a bot that answers in 20 ms."""
    server = ThreadingHTTPServer((HOST, 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    db.execute(COMMANDS.encode(), (number,))
    taken = job(stack, 'commands', '--once', bot_url=f'http://{HOST}:{server.server_port}')
    row = db.execute("select count(*) from dashboard.bot_commands where status = 'sent'").fetchone()
    assert row
    print(f'{row[0]} commands             {taken:6.2f} s   {row[0] / taken:.0f} a second', flush=True)
    server.shutdown()


BROADCAST = """
    with made as (
        insert into dashboard.broadcasts (tenant_id, name, text, quiet_days, status, key, sent_at)
        select tenant_id, 'x', 'Здравствуйте!', 0, 'running', gen_random_uuid(), now() from public.clients_v2 limit 1
        returning id, tenant_id
    ), client as (
        insert into public.clients_v2 (tenant_id, full_name, telegram_chat_id)
        select m.tenant_id, 'Получатель ' || n, 90000000 + n from made m, generate_series(1, %s) n returning id
    )
    insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, due_at)
    select m.id, c.id, m.tenant_id, row_number() over (order by c.id), 'waiting', now() from made m, client c
"""
PACE = 20


def measure_broadcast(stack: Stack, db: psycopg.Connection[Any], number: int) -> None:
    """Send a broadcast at its pace, by a process that serves all jobs."""
    server = ThreadingHTTPServer((HOST, 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | stack.app_environment(bot_url=f'http://{HOST}:{server.server_port}', port=1)
    process = subprocess.Popen([sys.executable, '-m', 'jobs'], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    time.sleep(5)
    db.execute(BROADCAST.encode(), (number,))
    largest, row = 0.0, cast('tuple[Any, ...]', (number,))
    while row[0]:
        time.sleep(2)
        largest = max(largest, memory_of(process.pid))
        (row,) = db.execute(
            "select count(*) filter (where status in ('waiting', 'sending')), min(sent_at), max(sent_at),"
            " count(*) filter (where status = 'sent') from dashboard.broadcast_recipients"
        ).fetchall()
    process.terminate()
    process.wait(10)
    server.shutdown()
    seconds = (row[2] - row[1]).total_seconds()
    pace = (row[3] - 1) / seconds
    print(f'{row[3]} recipients          {seconds:6.1f} s   {pace:.2f} a second, {pace / PACE - 1:+.1%} of the pace;'
          f' the process had {largest:.0f} MB at most', flush=True)  # fmt: skip


def memory_of(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for text in Path(f'/proc/{pid}/status').read_text().splitlines():
        if text.startswith('VmRSS'):
            return int(text.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog='./dev bench jobs')
    parser.add_argument('--salons', type=int, default=10)
    parser.add_argument('--dialogs', type=int, default=20_000)
    parser.add_argument('--commands', type=int, default=1_000)
    parser.add_argument('--recipients', type=int, default=10_000)
    options = parser.parse_args()
    with Stack.temporary() as stack, psycopg.connect(stack.admin_dsn, autocommit=True) as db:
        measure_metrics(stack, db, options.salons, options.dialogs)
        measure_commands(stack, db, options.commands)
        measure_broadcast(stack, db, options.recipients)


if __name__ == '__main__':
    main()
