"""One broadcast: before it goes out, while it does, and what came of it.

The one rule: whoever is left out is counted with the reason; a comparison that chance could explain says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from components.broadcast_texts import (
    THROUGH,
    audience_text,
    clients_text,
    fields_of,
    left_out_text,
    spread_text,
    without,
)
from components.i18n import _, format_day_time, format_money, format_number, format_share, ngettext
from components.labels import label_of
from components.link import link
from components.page_head import section
from components.settings_texts import pace_text
from components.states import note
from models import (
    Broadcast,
    BroadcastResult,
    BroadcastStatus,
    BroadcastTimes,
    LeftOut,
    Preflight,
    Reaction,
    RecipientStatus,
)

SHOWN = (
    RecipientStatus.DELIVERED, RecipientStatus.SENT, RecipientStatus.SENDING, RecipientStatus.WAITING,
    RecipientStatus.FAILED, RecipientStatus.UNKNOWN, RecipientStatus.SKIPPED, RecipientStatus.HELD_OUT,
)  # fmt: skip


def fact(label: str, value: str, *, classes: str = '') -> None:
    """A line with a word on the left and what it is on the right."""
    with ui.element('div').classes(f'fact {classes}'):
        ui.label(label).classes('muted').props('dir=auto')
        ui.label(value).classes('num').props('dir=auto')


# --- before


def who_gets_it(broadcast: Broadcast, plan: Preflight) -> None:
    """How many get it, and why the others do not."""
    with section(_('Who gets it')):
        ui.label(clients_text(plan.getting)).classes('big-figure num')
        with ui.element('div').classes('facts'):
            with ui.element('div').classes('fact'):
                link(audience_text(broadcast.audience, broadcast.staff_label), to=broadcast.audience.address())
                ui.label(format_number(plan.total)).classes('num')
            for item in plan.left_out:
                fact(left_out_text(item.reason), f'− {format_number(item.number)}')
            if plan.held_out:
                fact(_('held out for comparison'), f'− {format_number(plan.held_out)}')
        if not plan.getting:
            note(_('Nobody would get this now. Choose another audience.'), tone='warn')


def when_it_goes(broadcast: Broadcast, times: BroadcastTimes, *, zone: str) -> None:
    """When it begins and ends, and what slows it down."""
    with section(_('When')):
        with ui.element('div').classes('facts'):
            begins = format_day_time(times.starts_at, zone) if broadcast.starts_at else _('as soon as you send it')
            fact(_('Begins'), begins)
            fact(_('Ends at about'), format_day_time(times.ends_at, zone))
            fact(_('Pace'), spread_text(broadcast.spread_hours) if broadcast.spread_hours else pace_text(times.pace))
            if times.quiet_from:
                fact(_('Quiet hours'), f'{times.quiet_from}–{times.quiet_to}')
        if times.waiting_for_morning:
            text = ngettext(
                '{number} client gets it only after the quiet hours.',
                '{number} clients get it only after the quiet hours.', times.waiting_for_morning,
            )  # fmt: skip
            note(text.format(number=format_number(times.waiting_for_morning)), tone='info', icon_name='clock')


def what_they_read(broadcast: Broadcast, plan: Preflight) -> None:
    """The text as three of them would read it, and where something else stands in for what is not known."""
    with section(_('How it reads')):
        for preview in plan.previews:
            with ui.element('div').classes('preview'):
                ui.label(preview.name or _('No name')).classes('muted small').props('dir=auto')
                ui.label(preview.text).classes('preview-text').props('dir=auto')
        instead = without(broadcast)
        for field in fields_of(broadcast.text):
            if number := plan.fallbacks.get(field, 0):
                text = {
                    'name': ngettext(
                        'Of {number} client no name is known: “{instead}” stands there.',
                        'Of {number} clients no name is known: “{instead}” stands there.', number,
                    ),
                    'specialist': ngettext(
                        'Of {number} client no favourite specialist is known: “{instead}” stands there.',
                        'Of {number} clients no favourite specialist is known: “{instead}” stands there.', number,
                    ),
                }[field]  # fmt: skip
                note(text.format(number=format_number(number), instead=instead[field]), tone='info')


# --- while it goes out, and after


def progress(broadcast: Broadcast, *, zone: str, ends_at: str) -> None:
    """How far it is."""
    through, all_of_them = broadcast.number(*THROUGH), broadcast.getting
    share = through / all_of_them if all_of_them else 0.0
    with section(_('Progress')):
        done = _('{number} of {total}').format(number=format_number(through), total=format_number(all_of_them))
        ui.label(done).classes('big-figure num')
        with ui.element('div').classes('progress').props('role=progressbar aria-valuemin=0 aria-valuemax=100') as bar:
            bar.props['aria-valuenow'] = round(share * 100)
            bar.props['aria-label'] = done
            ui.element('i').style(f'width: {share:.1%}')
        with ui.element('div').classes('facts'):
            if broadcast.status is BroadcastStatus.SCHEDULED:
                fact(_('Begins'), format_day_time(broadcast.starts_at, zone))
            if broadcast.started_at:
                fact(_('Began'), format_day_time(broadcast.started_at, zone))
            if ends_at:
                fact(_('Ends at about'), ends_at)
            if broadcast.finished_at:
                fact(_('Ended at'), format_day_time(broadcast.finished_at, zone))


def how_they_stand(broadcast: Broadcast, reasons: Sequence[LeftOut], *, chosen: RecipientStatus | None) -> None:
    """The recipients by how they stand: each number is a link to their part of the journal."""
    with section(_('Recipients by status')), ui.element('div').classes('facts'):
        for status in SHOWN:
            if not (number := broadcast.number(status)):
                continue
            label = label_of(status)
            current = ' is-current' if status is chosen else ''
            with link(to=f'/broadcasts/{broadcast.id}?status={status.value}', classes=f'fact fact-link{current}'):
                ui.label(label.text).classes(f'pill tone-{label.tone}')
                ui.label(format_number(number)).classes('num')
            for item in reasons:
                if item.status is status:
                    fact(left_out_text(item.reason), format_number(item.number), classes='fact-part')


def result_card(result: BroadcastResult, *, zone: str, currency: str, held_out_percent: int, is_over: bool) -> None:
    """What came of it, beside those who were held out; whether that means anything is told once it `is_over`."""
    got = result.got
    if not got:
        return
    hint = _('counted until {time}').format(time=format_day_time(result.ends_on, zone)) if result.ends_on else ''
    with section(_('Result'), hint):
        with ui.element('div').classes('result').props('role=table'):
            _result_row('', _('Got it'), _('Held out') if result.held_out else '', is_head=True)
            _result_row(_('Clients'), *_pair(result, lambda part: format_number(part.number)))
            _result_row(
                _('Answered within 7 days'), *_pair(result, lambda part: _with_share(part.answered, part.number))
            )
            _result_row(_('Booked within 7 days'), *_pair(result, lambda part: _with_share(part.booked, part.number)))
            _result_row(_('Money of these bookings'), *_pair(result, lambda part: format_money(part.revenue, currency)))
        if is_over:
            _verdict(result, held_out_percent)


def _pair(result: BroadcastResult, text: Callable[[Reaction], str]) -> tuple[str, str]:
    return (text(result.got) if result.got else ''), (text(result.held_out) if result.held_out else '')


def _with_share(number: int, total: int) -> str:
    return f'{format_number(number)} · {format_share(number / total)}' if total else format_number(number)


def _result_row(label: str, got: str, held_out: str, *, is_head: bool = False) -> None:
    with ui.element('div').classes('result-row' + (' is-head' if is_head else '')).props('role=row'):
        for number, text in enumerate((label, got, held_out)):
            role = 'columnheader' if is_head else 'rowheader' if number == 0 else 'cell'
            ui.label(text).classes('num' if number else '').props(f'role={role}')


def _verdict(result: BroadcastResult, held_out_percent: int) -> None:
    difference = result.difference
    if not held_out_percent:
        note(_('Nobody was held out, so it cannot be told how many would have booked anyway.'), tone='info')
    elif difference is None:
        note(_('Too few to tell whether the broadcast brought bookings.'), tone='info')
    elif not difference.is_clear:
        note(_('The difference is so small that chance may explain it.'), tone='info')
    else:
        more = difference.share > 0
        text = (
            _('The share that booked is {share} points higher than among those held out (between {low} and {high}).')
            if more
            else _(
                'The share that booked is {share} points lower than among those held out (between {low} and {high}).'
            )
        )
        ends = sorted(abs(value) for value in (difference.low, difference.high))
        share, low, high = (format_number(value * 100, 1) for value in (abs(difference.share), *ends))
        note(text.format(share=share, low=low, high=high), tone='good' if more else 'warn')
