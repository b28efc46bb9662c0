"""Alerts as cards and lines, and the rules that open them.

The one rule: an alert says what is the matter, since when, and leads to the rows behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from components.alert_texts import KINDS, address_of, lasted_text, rule_name, rule_text, sentence
from components.audit_texts import subject_of_command
from components.button import button
from components.i18n import _, format_ago, format_day_time
from components.icons import icon
from components.labels import label_of_raw, person_text
from components.link import link
from components.page_head import Heading
from models import Alert, AlertCause, AlertKind, AlertRule

SHOWN_ROWS = 5
OWNERS_ONLY = ('/data-health', '/settings')
"""Pages that refuse employees: nobody is led to a refusal."""


def alert_card(alert: Alert, *, zone: str, on_seen: Callable[[Alert], Any] | None) -> None:
    """An open alert; `on_seen` is for owners, who may say that they see to it. Others get no links to owners' pages."""
    closed = () if on_seen else OWNERS_ONLY
    tone = 'neutral' if alert.acknowledged_at else 'bad'
    with ui.element('article').classes(f'card alert-card tone-{tone}'):
        with ui.element('div').classes('alert-head'):
            icon(label_of_raw(AlertKind, alert.kind).icon or 'warning', classes='alert-icon')
            with ui.element('div').classes('grow'):
                Heading(rule_name(alert.kind), 2).classes('card-title')
                ui.label(sentence(alert, zone=zone)).classes('alert-text').props('dir=auto')
        _causes(alert.rows, zone=zone, closed=closed)
        with ui.element('div').classes('alert-foot'):
            ui.label(' · '.join(_story(alert, zone))).classes('muted small grow')
            if (address := address_of(alert)) and address not in closed:
                link(_('Show'), to=address, classes='link alert-link')
            if on_seen and not alert.acknowledged_at:
                seen = button(_('I see to it'), icon='check', on_click=lambda: on_seen(alert))
                seen.props['data-act'] = f'acknowledge-{alert.id}'


def _story(alert: Alert, zone: str) -> list[str]:
    story = [_('Began: {time}').format(time=format_day_time(alert.at, zone))]
    if alert.notified_at:
        story.append(_('told in the salon’s chat {time}').format(time=format_day_time(alert.notified_at, zone)))
    if alert.acknowledged_at:
        story.append(
            _('seen by {who}, {time}').format(
                who=person_text(alert.acknowledged_by, '—'), time=format_day_time(alert.acknowledged_at, zone)
            )
        )
    return story


def _causes(rows: Sequence[AlertCause], *, zone: str, closed: Sequence[str]) -> None:
    if not rows:
        return
    with ui.element('ul').classes('alert-rows'):
        for row in rows[:SHOWN_ROWS]:
            address = cause_address(row)
            with (
                ui.element('li'),
                ui.element('div').classes('alert-row') if address in closed else link(to=address, classes='alert-row'),
            ):
                ui.label(row.client_name or _('Client without a name')).props('dir=auto').classes('alert-who')
                if row.type:
                    ui.label(subject_of_command(row.type)).classes('muted')
                ui.label(format_ago(row.since)).classes('muted num').props(
                    f'title="{format_day_time(row.since, zone)}"'
                )


def cause_address(row: AlertCause) -> str:
    """The page of a row that caused an alert."""
    if row.session_id:
        return f'/sessions/{row.session_id}'
    if row.wish:
        return f'/wishlist/{row.wish}'
    return f'/clients/{row.client_id}' if row.client_id else '/settings'


def alert_lines(alerts: Sequence[Alert], *, zone: str) -> None:
    """Alerts that are over, one line each."""
    with ui.element('ul').classes('alert-lines'):
        for alert in alerts:
            with ui.element('li').classes('alert-line'):
                ui.label(format_day_time(alert.at, zone)).classes('muted num')
                with ui.element('div').classes('grow'):
                    ui.label(rule_name(alert.kind)).classes('alert-who')
                    ui.label(sentence(alert, zone=zone)).classes('muted small').props('dir=auto')
                ui.label(lasted_text(alert)).classes('muted num')


def rule_rows(rules: Sequence[AlertRule], *, on_change: Callable[[AlertRule], Any] | None) -> None:
    """The rules as they hold; `on_change` is for those who may change them."""
    with ui.element('div').classes('settings'):
        for rule in rules:
            with ui.element('div').classes('setting rule'):
                with ui.element('div').classes('setting-value'):
                    ui.label(rule_name(rule.kind))
                    ui.label(_(KINDS[rule.kind].hint)).classes('muted small')
                ui.label(rule_text(rule)).classes('num rule-value' + ('' if rule.is_on else ' muted'))
                if on_change:
                    change = button(
                        icon='edit', kind='quiet', label=f'{_("Change")}: {rule_name(rule.kind)}',
                        on_click=lambda rule=rule: on_change(rule),
                    )  # fmt: skip
                    change.props['data-act'] = f'rule-{rule.kind}'
