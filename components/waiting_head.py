"""What stands above the waiting list: its figures, which entries to show, and what to do with those that are chosen.

The one rule: every figure and every tab is a link to the rows that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import _, format_duration, format_money, format_number, format_share, ngettext
from components.labels import label_of
from components.link import link
from components.place import Place
from components.stat_tiles import StatTiles
from components.waiting_list import ACTS, TOGETHER, act_texts
from components.waiting_texts import acts_of
from models import Period, WaitingEntry, WaitingFigures, WaitingListQuery, WishOrder, WishShown


def tile_labels() -> dict[str, str]:
    """The figures by name."""
    return {
        'waiting': _('Waiting now'), 'converted': _('Booked'), 'cancelled': _('Taken off'), 'expired': _('Expired'),
        'median_wait': _('Usual wait'), 'fill_rate': _('Places filled'),
    }  # fmt: skip


def show_tiles(tiles: StatTiles, figures: WaitingFigures, period: Period, *, currency: str) -> None:
    """Show the figures; amounts in other currencies stand beside, never added."""
    missed = ngettext('{number} past its day', '{number} past their day', figures.missed)
    waiting = missed.format(number=format_number(figures.missed)) if figures.missed else ''
    tiles.show('waiting', format_number(figures.waiting), note=waiting, to='/wishlist', tone='warn')
    others = [format_money(money.amount, money.currency) for money in figures.other_currencies]
    amounts = [format_money(figures.amount, currency)] if figures.with_amount else []
    notes = {'converted': ' + '.join(amounts + others)}
    decided = WaitingListQuery(period=period)
    for name in ('converted', 'cancelled', 'expired'):
        to = decided.replace(shown=WishShown(name)).address()
        tiles.show(name, format_number(getattr(figures, name)), note=notes.get(name, ''), to=to)
    converted = decided.replace(shown=WishShown.CONVERTED).address()
    wait = format_duration(figures.median_wait) if figures.median_wait is not None else _('no data')
    tiles.show('median_wait', wait, note=_('from wish to booking'), to=converted)
    rate = format_share(figures.fill_rate) if figures.fill_rate is not None else _('no data')
    tiles.show('fill_rate', rate, note=_('of those decided'), to=converted)


def draw_tabs(place: Place, query: WaitingListQuery, period: Period, *, missed: int) -> None:
    """Which entries the list shows, and in which order those who wait."""
    if not place.is_new(query, period, missed):
        return
    with place.root:
        for shown in WishShown:
            if shown is WishShown.MISSED and not missed and query.shown is not shown:
                continue
            is_decided = shown not in {WishShown.WAITING, WishShown.MISSED, WishShown.ALL}
            text = label_of(shown).text + (f' {format_number(missed)}' if shown is WishShown.MISSED else '')
            to = query.replace(shown=shown, period=period if is_decided else None).address()
            tab = link(text, to=to, classes='tab')
            if shown is query.shown:
                tab.classes('is-active').props('aria-current=page')
        if query.shown in {WishShown.WAITING, WishShown.MISSED}:
            ui.element('span').classes('grow')
            for order in WishOrder:
                tab = link(label_of(order).text, to=query.replace(order=order).address(), classes='tab tab-order')
                if order is query.order:
                    tab.classes('is-active').props('aria-current=true')


def draw_together(
    place: Place, entries: Sequence[WaitingEntry], *, on_act: Callable[[str], Any], on_none: Callable[[], Any]
) -> None:
    """What can be done with the chosen entries together; nothing while none is chosen."""
    texts, number = act_texts(), format_number(len(entries))
    possible = [act for act in TOGETHER if all(act in acts_of(entry) for entry in entries)]
    if not place.is_new(len(entries), possible):
        return
    place.root.set_visibility(bool(entries))
    with place.root:
        ui.label(ngettext('{number} chosen', '{number} chosen', len(entries)).format(number=number)).classes('grow')
        for act in possible:
            button(texts[act], icon=ACTS[act][1], on_click=lambda act=act: on_act(act))
        button(icon='close', kind='quiet', label=_('Choose none'), on_click=on_none)
