"""The pages: one module each, which registers one view under one address.

Its one rule: route, menu entry and right to enter stand together, in the decorator of the view.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from models import Role
from pages.view import View


@dataclass(frozen=True)
class PageEntry:
    """A page as the menu and the router know it; `title` is translated when it is drawn."""

    path: str
    title: str
    icon: str
    allowed: Role
    view: type[View]
    in_menu: bool = True


PAGES: dict[str, PageEntry] = {}


def page(
    path: str, *, title: str, icon: str, allowed: Role, in_menu: bool = True
) -> Callable[[type[View]], type[View]]:
    """Register a view under the first part of an address, for those whose role covers `allowed`."""

    def register(view: type[View]) -> type[View]:
        PAGES[path] = PageEntry(path, title, icon, allowed, view, in_menu)
        return view

    return register


MODULES = (
    'overview',
    'sessions',
    'wishlist',
    'clients',
    'broadcasts',
    'alerts',
    'settings',
    'users',
    'audit',
    'salons',
    'account',
    'health',
)
"""The page modules, in the order of the menu."""


def load_pages() -> None:
    """Import every page module, so that each registers itself."""
    for name in MODULES:
        import_module(f'pages.{name}')
