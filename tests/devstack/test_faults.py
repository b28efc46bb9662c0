"""The faults that other tests switch on do what they say, and end."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from devstack.stack import Stack
from tests.devstack.conftest import Writer

Hear = Callable[..., Any]
CLIENTS = {'schema': 'public', 'table': 'clients_v2'}


def ask(stack: Stack, path: str = 'rest/v1/tenants_v2?select=id') -> httpx.Response:
    token = stack.mint({'app_role': 'system'})
    headers = {'apikey': stack.key, 'Authorization': f'Bearer {token}'}
    return httpx.get(f'{stack.url}/{path}', headers=headers, trust_env=False)


def test_down_refuses_connections_and_comes_back_at_the_same_address(stack: Stack) -> None:
    with stack.faults.active(api='down'), pytest.raises(httpx.ConnectError):
        ask(stack)
    assert ask(stack).status_code == 200


def test_unavailable_answers_503_and_error_500(stack: Stack) -> None:
    with stack.faults.active(api='unavailable'):
        assert ask(stack).status_code == 503
    with stack.faults.active(api='error'):
        assert ask(stack).status_code == 500
    assert ask(stack).status_code == 200


def test_slow_adds_its_time_to_the_requests_that_match_only(stack: Stack) -> None:
    with stack.faults.active(api='slow', delay_ms=300, match='clients_v2'):
        begun = time.monotonic()
        ask(stack)
        assert time.monotonic() - begun < 0.3
        begun = time.monotonic()
        assert ask(stack, 'rest/v1/clients_v2?select=id&limit=1').status_code == 200
        assert time.monotonic() - begun >= 0.3


async def test_a_slow_request_holds_up_no_other(stack: Stack) -> None:
    with stack.faults.active(api='slow', delay_ms=1500, match='clients_v2'):
        slow = asyncio.create_task(asyncio.to_thread(ask, stack, 'rest/v1/clients_v2?select=id&limit=1'))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(ask, stack)
        assert not slow.done()
        assert (await slow).status_code == 200


async def test_closed_ends_sockets_and_the_client_comes_back(
    stack: Stack, hear: Hear, owner_token: str, writer: Writer
) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS)
    with stack.faults.active(realtime='closed'):
        writer.insert()
        assert await ear.hears_nothing()
    assert await asyncio.wait_for(ear.ready.get(), 20) == 'Subscribed to PostgreSQL'
    client = writer.insert()
    assert (await ear.next())[1]['record']['id'] == client


async def test_mute_drops_events_but_answers_heartbeats(
    stack: Stack, js_hear: Hear, owner_token: str, writer: Writer
) -> None:
    ear = await js_hear(owner_token)
    await ear.listen('one', CLIENTS)
    with stack.faults.active(realtime='mute'):
        writer.insert()
        await ear.listen('two', CLIENTS)
    client = writer.insert()
    assert (await ear.next('change'))['change']['new']['id'] == client


async def test_a_black_hole_takes_connections_and_says_nothing(
    stack: Stack, hear: Hear, owner_token: str, writer: Writer
) -> None:
    ear = await hear(owner_token)
    await ear.listen('one', CLIENTS)
    with stack.faults.active(realtime='black_hole'):
        writer.insert()
        late = await hear(owner_token)
        joining = asyncio.create_task(late.listen('two', CLIENTS, ready=False))
        assert await ear.hears_nothing()
        assert late.client.realtime.is_connected
        assert not joining.done()
    await asyncio.wait_for(joining, 5)


def test_faults_end_with_their_block_even_when_it_fails(stack: Stack) -> None:
    with pytest.raises(ZeroDivisionError), stack.faults.active(api='error', realtime='mute'):
        _ = 1 / 0
    assert ask(stack).status_code == 200
