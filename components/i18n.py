"""The one place to import texts and formats from.

The one rule: nothing is written here but names; `python -m components.i18n update` brings the catalogues up to the
code and `python -m components.i18n check` fails when a text is not translated.
"""

from __future__ import annotations

import sys

from components.formats import DASH, currency_sign, format_change, format_money, format_number, format_share
from components.phones import dial_number, format_phone
from components.times import format_ago, format_day, format_day_time, format_duration, format_time, salon_time
from components.translate import DEFAULT_LANGUAGE, LANGUAGES, N_, _, language, ngettext, set_language, speaking

__all__ = [
    'DASH',
    'DEFAULT_LANGUAGE',
    'LANGUAGES',
    'N_',
    '_',
    'currency_sign',
    'dial_number',
    'format_ago',
    'format_change',
    'format_day',
    'format_day_time',
    'format_duration',
    'format_money',
    'format_number',
    'format_phone',
    'format_share',
    'format_time',
    'language',
    'ngettext',
    'salon_time',
    'set_language',
    'speaking',
]


def main(command: str) -> int:
    """Run `update` or `check`; returns the exit code."""
    from components import catalogues

    if command == 'update':
        catalogues.update()
    found = [problem for code in catalogues.TRANSLATED for problem in catalogues.problems(code)]
    sys.stdout.writelines(f'{problem}\n' for problem in found)
    return 1 if found and command == 'check' else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else 'check'))
