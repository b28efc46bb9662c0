"""Files of rows: what a spreadsheet opens is what was written, and nothing in it runs."""

import csv
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from components.i18n import speaking
from components.sheets import Cell, CsvSheet, XlsxSheet, harmless

HOSTILE = ['=1+1', '+7 999', '-5', '@sum', '\t=1', '\r=1', ' =cmd|x', '\n@a', '=HYPERLINK("http://x")']


def read_xlsx(path: Path) -> list[list[str]]:
    """The cells of a workbook's first sheet as texts, straight from its XML."""
    space = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
    with zipfile.ZipFile(path) as book:
        root = ElementTree.fromstring(book.read('xl/worksheets/sheet1.xml'))
    assert not list(root.iter(f'{space}f')), 'no formula'
    rows = []
    for row in root.iter(f'{space}row'):
        cells = {}
        for cell in row:
            column = re.sub(r'\d', '', cell.get('r', ''))
            cells[column] = ''.join(text.text or '' for text in cell.iter() if text.tag in {f'{space}t', f'{space}v'})
        rows.append([cells.get(chr(65 + number), '') for number in range(8)])
    return rows


@pytest.mark.parametrize('text', HOSTILE)
def test_no_cell_begins_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize('text', ['Анна', '5 - 3', 'a=b', '', '…=1'])
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_csv_opens_in_excel_of_the_readers_country(tmp_path: Path) -> None:
    row: list[Cell] = [
        'Анна; "Ким"\nвторая',
        Decimal('2500.50'),
        1.5,
        datetime(2026, 11, 24, 9, 5),
        date(2026, 11, 24),
        None,
        True,
    ]
    for language, delimiter, number in (('ru', ';', '2500,50'), ('en', ',', '2500.50')):
        path = tmp_path / f'{language}.csv'
        with speaking(language):
            sheet = CsvSheet(path, ['a'])
        sheet.add([row, HOSTILE])
        sheet.close()
        assert path.read_bytes().startswith(b'\xef\xbb\xbf')
        with path.open(encoding='utf-8-sig', newline='') as file:
            _titles, first, second = csv.reader(file, delimiter=delimiter)
        assert first[:2] == ['Анна; "Ким"\nвторая', number]
        assert first[3:] == ['2026-11-24 09:05:00', '2026-11-24', '', 'True']
        assert all(cell.startswith("'") for cell in second)


def test_a_workbook_holds_texts_numbers_and_days_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / 'x.xlsx'
    sheet = XlsxSheet(path, ['Клиент', 'Сумма'])
    sheet.add([['<b>Анна</b>\x00\x0b', Decimal('2500.5'), date(2026, 11, 24)], HOSTILE[:3]])
    sheet.add([['x' * 40_000, None, date(1, 1, 3)]])
    sheet.close()
    titles, first, second, third = read_xlsx(path)
    assert titles[:2] == ['Клиент', 'Сумма']
    assert first[1:3] == ['2500.5', '46350']
    assert first[0].startswith('<b>Анна</b>')
    assert second[:3] == ["'=1+1", "'+7 999", "'-5"]
    assert (len(third[0]), third[1], third[2]) == (32_000, '', '0001-01-03')
