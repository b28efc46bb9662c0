"""The Realtime stand-in, heard with supabase-py's own client."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack
from tests.devstack.conftest import Writer

Hear = Callable[..., Any]
CLIENTS = {'schema': 'public', 'table': 'clients_v2'}
WISHES = {'schema': 'public', 'table': 'wishlist_v2'}
OWN = {**CLIENTS, 'filter': f'tenant_id=eq.{SALON_A.id}'}


async def test_an_inserted_row_arrives_with_its_values(hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS)
    client = writer.insert(name='Ёлка "в кавычках"\n😀')
    _, data = await ear.next()
    assert (data['type'], data['table']) == ('INSERT', 'clients_v2')
    assert (data['record']['id'], data['record']['full_name']) == (client, 'Ёлка "в кавычках"\n😀')
    assert data['record']['created_at'].endswith('+00:00')
    assert not {'phone', 'meta'} & data['record'].keys(), 'columns that the role may not read are left out'


async def test_an_update_brings_the_new_row_and_the_key_of_the_old(
    hear: Hear, owner_token: str, writer: Writer
) -> None:
    client = writer.insert()
    ear = await hear(owner_token)
    await ear.listen('one', {**CLIENTS, 'event': 'UPDATE'})
    writer.rename(client, 'Новое имя')
    _, data = await ear.next()
    assert (data['type'], data['record']['full_name']) == ('UPDATE', 'Новое имя')
    assert data['old_record'] == {'id': client}


async def test_a_deletion_brings_only_the_key_and_goes_to_everybody(
    hear: Hear, mint: Callable[..., str], writer: Writer
) -> None:
    client = writer.insert(SALON_A.id)
    stranger = await hear(mint(app_role='admin', tenant_id=SALON_B.id, sub='3'))
    await stranger.listen('one', CLIENTS)
    writer.delete(client)
    _, data = await stranger.next()
    assert (data['type'], data['old_record']) == ('DELETE', {'id': client})
    assert 'record' not in data


async def test_a_filter_on_the_salon_lets_only_its_rows_through(
    hear: Hear, mint: Callable[..., str], writer: Writer
) -> None:
    ear = await hear(mint(app_role='system'))
    await ear.listen('one', OWN)
    writer.insert(SALON_B.id)
    wanted = writer.insert(SALON_A.id)
    _, data = await ear.next()
    assert data['record']['id'] == wanted
    assert await ear.hears_nothing()


async def test_filters_compare_numbers_as_numbers(hear: Hear, owner_token: str, writer: Writer) -> None:
    client = writer.insert()
    number = writer.wish(client)
    ear = await hear(owner_token)
    await ear.listen('one', {**WISHES, 'event': 'INSERT', 'filter': f'id=gt.{number + 1}'})
    writer.wish(client)
    wanted = writer.wish(client)
    _, data = await ear.next()
    assert data['record']['id'] == wanted


async def test_a_filter_that_makes_no_sense_is_refused(hear: Hear, owner_token: str) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', {**CLIENTS, 'filter': 'tenant_id=like'}, ready=False)
    await ear.status('CHANNEL_ERROR')


async def test_row_level_security_decides_for_each_subscriber(
    hear: Hear, mint: Callable[..., str], writer: Writer
) -> None:
    owner = await hear(mint(app_role='admin', tenant_id=SALON_A.id, sub='1'))
    stranger = await hear(mint(app_role='admin', tenant_id=SALON_B.id, sub='3'))
    for ear in (owner, stranger):
        await ear.listen('one', CLIENTS)
    client = writer.insert(SALON_A.id)
    assert (await owner.next())[1]['record']['id'] == client
    assert await stranger.hears_nothing()


async def test_a_visitor_without_a_token_hears_nothing_of_the_salons(hear: Hear, writer: Writer) -> None:
    visitor = await hear()
    await visitor.listen('one', CLIENTS)
    writer.delete(writer.insert())
    assert await visitor.hears_nothing()


async def test_columns_that_the_role_may_not_read_are_left_out(
    hear: Hear, mint: Callable[..., str], stack: Stack
) -> None:
    ear = await hear(mint(app_role='system'))
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute('alter publication supabase_realtime add table public.tenants_v2')
        try:
            await ear.listen('one', {'schema': 'public', 'table': 'tenants_v2'})
            connection.execute('update public.tenants_v2 set updated_at = now() where id = %s', (SALON_A.id,))
            _, data = await ear.next()
        finally:
            connection.execute('alter publication supabase_realtime drop table public.tenants_v2')
    assert data['record']['name'] == SALON_A.name
    assert 'metadata' not in data['record']
    assert 'metadata' not in {column['name'] for column in data['columns']}


async def test_one_channel_hears_two_tables(hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS, WISHES)
    writer.wish(writer.insert())
    assert [(await ear.next())[1]['table'] for _ in range(2)] == ['clients_v2', 'wishlist_v2']


async def test_several_channels_hear_for_themselves(hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await hear(owner_token)
    await ear.listen('clients', CLIENTS)
    await ear.listen('wishes', WISHES)
    writer.wish(writer.insert())
    heard = {(await ear.next())[0], (await ear.next())[0]}
    assert heard == {'clients', 'wishes'}
    assert await ear.hears_nothing()


async def test_what_is_rolled_back_is_never_heard(hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS)
    with writer.connection.transaction(force_rollback=True):
        writer.insert()
    assert await ear.hears_nothing()


async def test_a_thousand_rows_at_once_arrive_in_order(hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS)
    with writer.connection.transaction():
        wanted = [writer.insert() for _ in range(1000)]
    assert [(await ear.next())[1]['record']['id'] for _ in range(1000)] == wanted


async def test_a_channel_ends_when_its_token_expires(hear: Hear, mint: Callable[..., str], writer: Writer) -> None:
    ear = await hear(mint(app_role='system', expires_in=2))
    await ear.listen('one', CLIENTS)
    await ear.status('CLOSED')
    writer.insert()
    assert await ear.hears_nothing()


async def test_a_refreshed_token_keeps_the_channel(hear: Hear, mint: Callable[..., str], writer: Writer) -> None:
    ear = await hear(mint(app_role='system', expires_in=2))
    await ear.listen('one', CLIENTS)
    await ear.client.realtime.set_auth(mint(app_role='system', expires_in=60))
    await asyncio.sleep(2.6)
    client = writer.insert()
    assert (await ear.next())[1]['record']['id'] == client


async def test_an_expired_token_and_a_foreign_one_join_nothing(
    hear: Hear, mint: Callable[..., str], writer: Writer
) -> None:
    for token in (mint(app_role='system', expires_in=-5), mint(app_role='system')[:-6] + 'AAAAAA'):
        ear = await hear(token)
        await ear.listen('one', CLIENTS, ready=False)
        writer.insert()
        assert await ear.hears_nothing()
        assert ear.ready.empty()


async def test_the_demo_load_is_not_announced(hear: Hear, mint: Callable[..., str], stack: Stack) -> None:
    ear = await hear(mint(app_role='system'))
    await ear.listen('one', CLIENTS)
    with psycopg.connect(stack.admin_dsn, autocommit=True) as connection:
        connection.execute("select pg_replication_origin_session_setup('demo')")
        connection.execute('update public.clients_v2 set updated_at = updated_at where tenant_id = %s', (SALON_A.id,))
    assert await ear.hears_nothing()
