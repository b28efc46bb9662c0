"""What a job says when it did not do all of its work.

Its one rule: a salon is named by its id. The log keeps ids and takes names out, and a failure has to be found in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from data import DataError
from models import JobSalon


class SalonsFailed(DataError):
    """Some salons failed, the others were done; `names` is what people call them, for a terminal."""

    def __init__(self, failed: Sequence[tuple[JobSalon, Exception]]) -> None:
        super().__init__('; '.join(f'{salon.id} ({error!r})' for salon, error in failed))
        self.names = [salon.name for salon, _error in failed]
