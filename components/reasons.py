"""Why the database refused something, in words.

The one rule: the database answers with a word of this list; whatever else it says is never shown to people.
"""

from __future__ import annotations

from components.i18n import N_, _

REASONS = {
    'required': N_('This is needed.'),
    'too_long': N_('This is too long.'),
    'not_failed': N_('This is on its way already, or was tried again meanwhile.'),
    'opted_out': N_('The client does not want messages.'),
}


def reason_text(reason: str, otherwise: str = '') -> str:
    """The words for a reason; for an unknown one `otherwise`, or that something is not right."""
    text = REASONS.get(reason)
    return _(text) if text else otherwise or _('This is not possible like that. Please check what you entered.')
