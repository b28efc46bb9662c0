"""Files of rows: CSV as Excel opens it in the reader's language, and XLSX.

The one rule: a sheet is written to disk as it comes, so that its size costs no memory; a text that a spreadsheet would
run as a formula is made harmless.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import xlsxwriter

from components.i18n import language

Cell = str | int | float | Decimal | date | datetime | bool | None
"""What stands in a cell; a datetime is on the salon's clock, without its zone."""
LONGEST = 32_000
"""More letters no cell of Excel holds."""


class Sheet(Protocol):
    """A file that rows are added to."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows. Call it in a thread."""

    def close(self) -> None:
        """Write what is left."""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = text.replace('\x00', '')[:LONGEST]
    return f"'{text}" if text.lstrip().startswith(('=', '+', '-', '@')) or text.startswith(('\t', '\r', '\n')) else text


class CsvSheet:
    """UTF-8 with a byte order mark; in Russian with semicolons and decimal commas, as Excel expects there."""

    def __init__(self, path: Path, titles: Sequence[str]) -> None:
        self._is_russian = language() == 'ru'
        self._file = path.open('w', encoding='utf-8-sig', newline='')
        self._writer = csv.writer(self._file, delimiter=';' if self._is_russian else ',')
        self._writer.writerow([harmless(title) for title in titles])

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows."""
        self._writer.writerows([self._text(cell) for cell in row] for row in rows)

    def _text(self, cell: Cell) -> str:
        if cell is None:
            return ''
        if isinstance(cell, str):
            return harmless(cell)
        if isinstance(cell, datetime):
            return f'{cell:%Y-%m-%d %H:%M:%S}'
        if isinstance(cell, float | Decimal) and self._is_russian:
            return format(cell, 'f').replace('.', ',') if isinstance(cell, Decimal) else str(cell).replace('.', ',')
        return str(cell)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class XlsxSheet:
    """A workbook with one sheet: bold titles that stay in view, real numbers and dates."""

    def __init__(self, path: Path, titles: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(path, {'constant_memory': True, 'strings_to_formulas': False})
        self._sheet = self._book.add_worksheet()
        self._day = self._book.add_format({'num_format': 'yyyy-mm-dd'})
        self._moment = self._book.add_format({'num_format': 'yyyy-mm-dd hh:mm'})
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(titles) - 1, 18)
        bold = self._book.add_format({'bold': True})
        for column, title in enumerate(titles):
            self._sheet.write_string(0, column, harmless(title), bold)
        self._row = 1

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows."""
        for row in rows:
            for column, cell in enumerate(row):
                self._write(column, cell)
            self._row += 1

    def _write(self, column: int, cell: Cell) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(self._row, column, harmless(cell))
        elif isinstance(cell, bool):
            self._sheet.write_boolean(self._row, column, cell)
        elif isinstance(cell, datetime | date):
            shape = self._moment if isinstance(cell, datetime) else self._day
            if 1900 < cell.year < 9999:
                self._sheet.write_datetime(self._row, column, cell, shape)
            else:
                self._sheet.write_string(self._row, column, str(cell))
        elif cell is not None:
            self._sheet.write_number(self._row, column, float(cell))

    def close(self) -> None:
        """Pack the workbook."""
        self._book.close()


SHEETS: dict[str, type[CsvSheet] | type[XlsxSheet]] = {'csv': CsvSheet, 'xlsx': XlsxSheet}
"""The kinds of files by the end of their names."""
LARGEST_XLSX = 1_048_575
"""More rows than this no sheet of Excel holds."""
