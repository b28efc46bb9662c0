"""Rows as lines of PostgreSQL's COPY text format. Rule: one function a table, its columns beside it."""

import json
import re
from datetime import datetime
from typing import Any

from devstack.demo.clients import Client
from devstack.demo.dialogs import Dialog

ESCAPES = str.maketrans({'\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r'})
NEEDS_ESCAPE = re.compile(r'[\\\t\n\r]').search
JSON = json.JSONEncoder(ensure_ascii=False, separators=(',', ':'))

COLUMNS = {
    'tenants_v2': 'id name slug is_active metadata created_at updated_at',
    'clients_v2': 'id tenant_id telegram_chat_id whatsapp_id phone yclients_client_id full_name meta created_at '
    'updated_at',
    'active_sessions_v2': 'session_id tenant_id user_id current_step intent state_data entities dialog_context '
    'created_at updated_at last_activity_at',
    'conversation_sessions_v2': 'id session_id tenant_id user_id channel started_at ended_at duration_sec final_status '
    'final_intent final_summary summary booking_id booking_source booking_status booking_datetime booking_amount '
    'booking_currency messages_count agent_messages_count user_messages_count meta created_at',
    'recent_history_v2': 'id tenant_id user_id session_id role channel message meta created_at',
    'wishlist_v2': 'id tenant_id user_id item_type item_id source comment status meta created_at updated_at '
    'processed_at',
    'user_ltm_v2': 'id tenant_id user_id preferred_staff_id preferred_service_id preferred_time language '
    'allow_notifications ltm_data created_at updated_at',
    'agent_trajectories_v2': 'id tenant_id session_id user_id step_type step_order correlation_id payload status '
    'error_code error_message created_at',
}


def escape(text: str) -> str:
    return text.translate(ESCAPES) if NEEDS_ESCAPE(text) else text


def cell(value: Any) -> str:
    """One value as COPY reads it."""
    if value is None:
        return '\\N'
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict | list):
        return escape(JSON.encode(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return 't' if value else 'f'
    return str(value)


def line(*values: Any) -> str:
    return '\t'.join(map(cell, values)) + '\n'


def client_line(client: Client, created: datetime) -> str:
    return line(
        client.id, client.salon.id, client.telegram, client.whatsapp, client.phone, client.yclients_id, client.name,
        client.meta, created, created,
    )  # fmt: skip


def dialog_line(number: int, dialog: Dialog) -> str:
    booking = dialog.booking
    booked: tuple[Any, ...] = (None,) * 6
    if booking:
        booked = (booking.id, booking.source, booking.status, booking.at, booking.amount, booking.currency)
    has_end = not dialog.is_old or number % 50
    ended = dialog.ended if has_end else None
    seconds = int((dialog.ended - dialog.started).total_seconds()) if has_end else None
    client = dialog.client
    return line(
        number, dialog.session_id, client.salon.id, client.id, client.channel, dialog.started, ended, seconds,
        dialog.status, dialog.intent, dialog.summary if not dialog.is_old else None,
        dialog.summary if dialog.is_old else None, *booked, dialog.count('user', 'assistant', 'operator', 'system'),
        dialog.count('assistant', 'operator'), dialog.count('user'), dialog.meta, dialog.ended,
    )  # fmt: skip


def message_lines(first: int, dialog: Dialog, *, with_session: bool) -> list[str]:
    """The older bot wrote no session and often no channel; ids go up from `first`."""
    session = dialog.session_id if with_session else '\\N'
    channel = dialog.client.channel if with_session else 'unknown'
    head = f'{dialog.client.salon.id}\t{dialog.client.id}\t{session}\t'
    return [
        f'{first + n}\t{head}{role}\t{channel}\t{escape(text)}\t{{}}\t{at.isoformat()}\n'
        for n, (role, text, at) in enumerate(dialog.lines)
    ]
