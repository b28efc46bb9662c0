"""A figure of the overview: its name and definition, its value, and how it changed.

The one rule: a card is one element whose texts change; no data is a word and never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from components.i18n import _, format_change

Value = float | int | None


class KpiCard(ui.element, component='kpi_card.js'):
    """One figure; the whole card is a link to the dialogs behind it."""

    def __init__(self, *, label: str, definition: str, lower_is_better: bool = False, is_share: bool = False) -> None:
        """`is_share`: the value is 0..1 and changes in percentage points."""
        super().__init__()
        self._is_better_lower = lower_is_better
        self._is_share = is_share
        self._props.update(label=label, definition=definition, value='', change='', tone='neutral', before='', href='')

    def show(
        self,
        value: str,
        *,
        now: Value = None,
        before: Value = None,
        before_text: str = '',
        href: str = '',
        definition: str = '',
        series: Sequence[float] = (),
    ) -> None:
        """Show `value` as written; `now` and `before` are the same figure of this and the previous period.

        `definition` replaces the one that the card began with, when it carries figures of the period."""
        self._props.update(
            value=value,
            change=format_change(now, before, points=self._is_share),
            tone=change_tone(now, before, lower_is_better=self._is_better_lower),
            before=_('before: {value}').format(value=before_text) if before_text and before else '',
            href=href,
            definition=definition or self._props['definition'],
            series=list(series),
        )


def change_tone(now: Value, before: Value, *, lower_is_better: bool = False) -> str:
    """Whether a change is good news, bad news or neither."""
    if now is None or before is None or now == before:
        return 'neutral'
    return 'good' if (now < before) is lower_is_better else 'bad'
