"""Demo salons: believable rows of every kind that production knows, made from a seed.

words.py, salons.py      what people write, who and what there is
clock.py                 when dialogs happen
clients.py, talks.py, dialogs.py, extras.py   people, what is said, archived dialogs, everything else
rows.py, generate.py, load.py   rows as COPY text, in what order, into the database
accounts.py              who signs in
"""

from devstack.demo.accounts import ACCOUNTS
from devstack.demo.generate import Plan
from devstack.demo.load import is_loaded, load

__all__ = ['ACCOUNTS', 'Plan', 'is_loaded', 'load']
