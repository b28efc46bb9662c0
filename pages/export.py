"""Takes the rows of a list out as a file: exactly those of the filters on screen, in their order.

Its one rule: who took what is in the audit before the first row is read, and a file is handed over whole or not at all.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from nicegui import background_tasks, ui

from components.export_columns import Column
from components.export_menu import ExportMenu
from components.i18n import _
from components.sheets import LARGEST_XLSX, SHEETS, Sheet
from data import DataError
from models import Role
from pages.list_view import ListView
from pages.view import View, explain_act

KEPT_SECONDS = 600
"""How long a file waits for its browser."""
Rows = Callable[[Any], AsyncIterator[Sequence[Any]]]


class Exports:
    """What one open page can take out; `rows` gives the pages of a query."""

    def __init__(self, view: ListView[Any, Any], *, what: str, columns: Sequence[Column], rows: Rows) -> None:
        self.view, self.what, self.columns, self.rows = view, what, columns, rows
        self.work: asyncio.Task[None] | None = None
        self.menu = ExportMenu(on_export=self.start, on_stop=self.stop)

    @staticmethod
    def is_open_to(view: View) -> bool:
        """Whether the person may take rows out."""
        return view.session.user.role.covers(Role.ADMIN)

    def start(self, kind: str) -> None:
        """Begin to write; one file at a time."""
        if kind in SHEETS and (self.work is None or self.work.done()):
            self.menu.begin()
            self.work = background_tasks.create(self._run(kind), name=f'{self.view.client.id}:export')

    def stop(self) -> None:
        """Nobody wants the file any more."""
        if self.work:
            self.work.cancel()

    async def _run(self, kind: str) -> None:
        folder = _new_folder()
        path = folder / f'{self.what}-{self.view.today:%Y-%m-%d}.{kind}'
        try:
            with self.view.root:
                await self._write(kind, path)
                ui.download.from_url(self.view.session.hand_over(path), path.name)
        except DataError as error:
            self._tell(explain_act(error))
            await asyncio.to_thread(_remove, folder)
        except BaseException:
            await asyncio.to_thread(_remove, folder)
            raise
        else:
            asyncio.get_running_loop().call_later(KEPT_SECONDS, _remove, folder)
        finally:
            if not self.view.client.is_deleted:
                self.menu.end()

    async def _write(self, kind: str, path: Path) -> None:
        self.view.session.touch()
        key, exports, number = uuid4(), self.view.data.exports, 0
        await exports.begin(key, f'{self.what}.{kind} {self.view.list_address()}')
        sheet: Sheet = await asyncio.to_thread(SHEETS[kind], path, [_(title) for title, _value in self.columns])
        try:
            async for rows in self.rows(self.view.query):
                if kind == 'xlsx' and number + len(rows) > LARGEST_XLSX:
                    raise DataError('too many rows for a sheet')
                await asyncio.to_thread(sheet.add, self._cells(rows))
                number += len(rows)
                self.menu.show(number, self.view.count.rows)
        finally:
            await asyncio.to_thread(sheet.close)
        await exports.end(key, number)

    def _cells(self, rows: Sequence[Any]) -> list[list[Any]]:
        zone = self.view.salon.timezone
        return [[value(row, zone) for _title, value in self.columns] for row in rows]

    def _tell(self, text: str) -> None:
        if self.view.is_open:
            with self.view.root:
                ui.notify(text)


_folders: set[Path] = set()
"""Those of the files that wait for their browser."""


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix='agent-p-export-'))
    _folders.add(folder)
    return folder


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _folders.discard(folder)


def remove_files() -> None:
    """Remove every file that waits still: the process ends, and clients stand in them."""
    for folder in list(_folders):
        _remove(folder)
