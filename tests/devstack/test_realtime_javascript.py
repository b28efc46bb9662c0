"""The Realtime stand-in, heard with supabase-js: a client that nobody here wrote, in the newer protocol."""

from collections.abc import Callable
from typing import Any

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack
from tests.devstack.conftest import Writer

Hear = Callable[..., Any]
CLIENTS = {'schema': 'public', 'table': 'clients_v2'}
WISHES = {'schema': 'public', 'table': 'wishlist_v2'}
OWN = {**CLIENTS, 'filter': f'tenant_id=eq.{SALON_A.id}'}


async def test_insert_update_and_delete_arrive(js_hear: Hear, owner_token: str, writer: Writer) -> None:
    ear = await js_hear(owner_token)
    await ear.listen('one', CLIENTS)
    client = writer.insert()
    changes = [(await ear.next('change'))['change']]
    writer.rename(client, 'Другое')
    changes.append((await ear.next('change'))['change'])
    writer.delete(client)
    changes.append((await ear.next('change'))['change'])
    assert [change['eventType'] for change in changes] == ['INSERT', 'UPDATE', 'DELETE']
    assert changes[0]['new']['id'] == client
    assert changes[1]['new']['full_name'] == 'Другое'
    assert changes[2]['old'] == {'id': client}
    assert [change['errors'] for change in changes] == [None] * 3


async def test_a_filter_two_tables_and_several_channels(
    js_hear: Hear, mint: Callable[..., str], writer: Writer
) -> None:
    ear = await js_hear(mint(app_role='system'))
    await ear.listen('salon', OWN, WISHES)
    await ear.listen('all', CLIENTS)
    writer.insert(SALON_B.id)
    writer.wish(writer.insert(SALON_A.id))
    heard = [await ear.next('change') for _ in range(4)]
    tables = [(event['channel'], event['change']['table'], event['change']['new']['tenant_id']) for event in heard]
    assert sorted(tables) == sorted(
        [
            ('all', 'clients_v2', SALON_B.id),
            ('all', 'clients_v2', SALON_A.id),
            ('salon', 'clients_v2', SALON_A.id),
            ('salon', 'wishlist_v2', SALON_A.id),
        ]
    )


async def test_a_stranger_hears_only_the_own_salon(js_hear: Hear, mint: Callable[..., str], writer: Writer) -> None:
    stranger = await js_hear(mint(app_role='admin', tenant_id=SALON_B.id, sub='3'))
    await stranger.listen('one', CLIENTS)
    writer.insert(SALON_A.id)
    own = writer.insert(SALON_B.id)
    assert (await stranger.next('change'))['change']['new']['id'] == own


async def test_it_comes_back_after_the_sockets_were_closed(
    js_hear: Hear, owner_token: str, writer: Writer, stack: Stack
) -> None:
    ear = await js_hear(owner_token)
    await ear.listen('one', CLIENTS)
    with stack.faults.active(realtime='closed'):
        writer.insert()
    while (await ear.next('system', 20))['message']['status'] != 'ok':
        pass
    client = writer.insert()
    assert (await ear.next('change'))['change']['new']['id'] == client


async def test_an_expired_token_and_a_wrong_one_are_refused(js_hear: Hear, mint: Callable[..., str]) -> None:
    for token in (mint(app_role='system', expires_in=-5), mint(app_role='system')[:-6] + 'AAAAAA'):
        ear = await js_hear(token)
        await ear.tell('subscribe', channel='one', bindings=[{'event': '*', **CLIENTS}])
        status = await ear.next('status')
        assert status['status'] == 'CHANNEL_ERROR'
        assert 'InvalidJWTToken' in status['error']
