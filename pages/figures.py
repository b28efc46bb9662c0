"""The figures of the overview in words: what each is called, what it means, how its value reads.

Its one rule: a figure without data says so and never reads as zero.
"""

from components.i18n import N_, _, format_duration, format_money, format_number, format_share
from models import Figure, Figures

CARDS: dict[str, tuple[str, str]] = {
    'dialogs': (N_('Dialogs'), N_('Conversations that clients began with the bot in this period.')),
    'bookings': (
        N_('Bookings'),
        N_('Dialogs in which the bot booked a visit. Cancelled ones count too: {cancelled} in this period.'),
    ),
    'conversion': (N_('Conversion'), N_('How many of the dialogs ended in a booking.')),
    'revenue': (N_('Revenue'), N_('What the bookings that were not cancelled are worth.')),
    'average_booking': (
        N_('Average booking'),
        N_('Revenue divided by the bookings that carry a price and were not cancelled.'),
    ),
    'clients': (N_('Clients'), N_('Different people who wrote in this period.')),
    'new_clients': (N_('New clients'), N_('People whose first dialog ever is in this period.')),
    'response': (
        N_('Response time'),
        N_(
            'Half of the bot’s answers come within this time, counted from the client’s first unanswered message.'
            ' On average {mean}; 95 of 100 answers within {p95}.'
        ),
    ),
}
FIGURES = {
    'dialogs': Figure.DIALOGS, 'bookings': Figure.BOOKINGS, 'conversion': Figure.BOOKINGS, 'revenue': Figure.REVENUE,
    'average_booking': Figure.REVENUE, 'clients': Figure.CLIENTS, 'new_clients': Figure.NEW_CLIENTS,
    'response': Figure.ANSWERED,
}  # fmt: skip


def definition_of(name: str, figures: Figures) -> str:
    """What a figure means, with the numbers of the period that belong to it."""
    return _(CARDS[name][1]).format(
        cancelled=format_number(figures.cancelled),
        mean=format_duration(figures.response_mean),
        p95=format_duration(figures.response_p95),
    )


def value_of(figures: Figures, name: str) -> float | None:
    """A figure as a number; None when there is no data for it."""
    value = figures.response_median if name == 'response' else getattr(figures, name)
    return None if value is None or (name != 'dialogs' and not figures.dialogs) else float(value)


def texts_of(figures: Figures, currency: str) -> dict[str, str]:
    """Every figure as people read it."""
    has_data = figures.dialogs > 0
    return {
        'dialogs': format_number(figures.dialogs),
        'bookings': format_number(figures.bookings),
        'conversion': format_share(figures.conversion) if has_data else _('no data'),
        'revenue': format_money(figures.revenue, currency),
        'average_booking': format_money(figures.average_booking and round(figures.average_booking), currency)
        if figures.average_booking is not None else _('no data'),
        'clients': format_number(figures.clients),
        'new_clients': format_number(figures.new_clients),
        'response': format_duration(figures.response_median) if figures.response_median is not None else _('no data'),
    }  # fmt: skip
