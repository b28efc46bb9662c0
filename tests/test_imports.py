"""Imports go one way: a module that reaches for another layer's business fails here."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    'models': set(),
    'config': set(),
    'rest': {'config'},
    'data': {'models', 'rest'},
    'tokens': {'config'},
    'auth': {'config', 'data', 'models', 'tokens'},
    'passwords': {'auth', 'config', 'data', 'models', 'tokens'},
    'bot': {'config', 'data', 'models', 'tokens'},
    'live': {'config', 'data', 'models', 'tokens'},
    'components': {'components', 'models'},
    'pages': {'auth', 'bot', 'components', 'data', 'live', 'models', 'pages', 'passwords'},
    'operations': {'bot', 'config', 'data', 'live', 'models', 'operations', 'tokens'},
    'main': {'auth', 'bot', 'components', 'config', 'data', 'live', 'models', 'operations', 'pages'},
    'jobs': {'bot', 'components', 'config', 'data', 'jobs', 'models', 'operations', 'tokens'},
}
OWN = {*ALLOWED, 'devstack', 'bench', 'tests'}
WITHOUT_NICEGUI = {'models', 'config', 'rest', 'data', 'tokens', 'bot', 'operations', 'jobs'}
KNOWS_SUPABASE = {'rest', 'auth', 'live'}
SUPABASE = {'supabase', 'supabase_auth', 'postgrest', 'realtime'}


def modules() -> list[tuple[str, Path]]:
    """Each module of the app with the layer it belongs to."""
    found = []
    for path in sorted(ROOT.rglob('*.py')):
        layer = path.relative_to(ROOT).parts[0].removesuffix('.py')
        if layer in ALLOWED:
            found.append((layer, path))
    return found


def imported(path: Path) -> set[str]:
    """The first names of everything that a module imports, wherever in the module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: imports are absolute'
            names.add(str(node.module).split('.')[0])
    return names


def test_every_layer_is_there() -> None:
    assert {layer for layer, _path in modules()} >= {'models', 'config', 'data', 'auth', 'live', 'components', 'pages'}


def test_imports_follow_the_arrows() -> None:
    wrong = [
        f'{path.relative_to(ROOT)} -> {name}'
        for layer, path in modules()
        for name in imported(path) & OWN
        if name not in ALLOWED[layer]
    ]
    assert wrong == []


def test_only_three_modules_know_supabase() -> None:
    wrong = [str(path) for layer, path in modules() if imported(path) & SUPABASE and layer not in KNOWS_SUPABASE]
    assert wrong == []


def test_what_runs_without_pages_does_not_import_nicegui() -> None:
    wrong = [str(path) for layer, path in modules() if layer in WITHOUT_NICEGUI and 'nicegui' in imported(path)]
    assert wrong == []


def test_no_page_has_nested_functions() -> None:
    wrong = []
    for path in (ROOT / 'pages').glob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [
                    n for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n is not node
                ]
                wrong += [f'{path.name}: {node.name}' for _inner in inner if path.name != '__init__.py']
    assert wrong == []
