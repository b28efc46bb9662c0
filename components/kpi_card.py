"""A figure of the overview: its name and definition, its value, and how it changed.

The one rule: a card is built once and only its texts change; no data is a word and never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from components.i18n import DASH, _, format_change
from components.link import link

Value = float | int | None


class Sparkline(ui.element, component='sparkline.js'):
    """A line over values of one unit, without axes."""

    def show(self, values: Sequence[float]) -> None:
        """Draw other values; the same ones send nothing to the browser."""
        if list(values) != self._props.get('values'):
            self._props['values'] = list(values)


class KpiCard:
    """One figure; the whole card is a link to the dialogs behind it."""

    def __init__(self, *, label: str, definition: str, lower_is_better: bool = False, is_share: bool = False) -> None:
        """`is_share`: the value is 0..1 and changes in percentage points."""
        self._is_better_lower = lower_is_better
        self._is_share = is_share
        with ui.element('article').classes('card kpi is-loading') as self.root:
            with ui.element('div').classes('kpi-head'):
                self._link = link(label, to='/', classes='kpi-label')
                hint = ui.element('span').classes('hint').props('tabindex=0 role=note')
                hint.props['aria-label'] = definition
                hint.props['data-tip'] = definition
            self._value = ui.label(DASH).classes('kpi-value')
            with ui.element('div').classes('kpi-foot'):
                self._change = ui.label().classes('pill')
                self._before = ui.label().classes('kpi-before')
            self._line = Sparkline()

    def update(
        self,
        value: str,
        *,
        now: Value = None,
        before: Value = None,
        before_text: str = '',
        href: str = '',
        series: Sequence[float] = (),
    ) -> None:
        """Show `value` as written; `now` and `before` are the same figure of this and the previous period."""
        self.root.classes(remove='is-loading')
        self._value.set_text(value)
        self._change.set_text(format_change(now, before, points=self._is_share))
        self._change.classes(replace=f'pill tone-{change_tone(now, before, lower_is_better=self._is_better_lower)}')
        self._before.set_text(_('before: {value}').format(value=before_text) if before_text and before else '')
        if href:
            self._link.props['href'] = href
        self._link.classes(remove='is-still') if href else self._link.classes(add='is-still')
        self._line.show(series if any(series) else ())


def change_tone(now: Value, before: Value, *, lower_is_better: bool = False) -> str:
    """Whether a change is good news, bad news or neither."""
    if now is None or before is None or now == before:
        return 'neutral'
    return 'good' if (now < before) is lower_is_better else 'bad'
