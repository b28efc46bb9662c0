"""The log: one line an event, JSON for machines or text for people, with the request that it belongs to.

Its one rule: no line carries what belongs to a person or opens a door. `clean` sees every line of every library last,
tracebacks included: our lines are English, so words in another script are somebody's, and go.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config import settings

HIDDEN = '[removed]'
PERSONAL = re.compile(
    r'(^|_)(name|phone|e?mail|message_text|text|comment|note|password|hash|secret|token|authorization|cookie|apikey|body)$'
)
"""Keys whose values never go into a log."""
OURS = {'timestamp', 'level', 'logger', 'request_id'}
"""Keys that only this package writes."""
TOO_LONG = 10**8
"""A number this big may be a phone's or a chat's."""
CHATTY = {'httpx': logging.WARNING, 'httpcore': logging.WARNING, 'websockets': logging.WARNING,
                     'asyncio': logging.WARNING, 'realtime': logging.CRITICAL, 'engineio': logging.WARNING,
                     'socketio': logging.WARNING, 'uvicorn.access': logging.WARNING,
                     'hpack': logging.WARNING}  # fmt: skip
"""Libraries that tell every request, with its address: only what goes wrong in them is worth a line."""

_UUID = re.compile(r'\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b', re.IGNORECASE)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'eyJ[\w-]{8,}(?:\.[\w-]*){0,2}'), HIDDEN),
    (re.compile(r'\b(?:sb_(?:publishable|secret)_|whsec_)[\w+/=-]+'), HIDDEN),
    (re.compile(r'\$2[aby]\$\d\d\$[\w./]*'), HIDDEN),
    (re.compile(r'(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}'), rf'\1 {HIDDEN}'),
    (re.compile(r'(?i)\b(password|passwd|pwd|secret|token|api_?key)(["\']?\s*[=:]\s*)[^\s,;&)}]+'), rf'\1\2{HIDDEN}'),
    (re.compile(r'://[^/\s:@]+:[^/\s@]+@'), f'://{HIDDEN}@'),
    (re.compile(r'(/(?:welcome|files)/)[^\s"\'?]+'), rf'\1{HIDDEN}'),
    (re.compile(r'(?<=[\w/:])\?[^\s"\'<>]*=[^\s"\'<>]*'), f'?{HIDDEN}'),
    (re.compile(r'Failing row contains .*'), f'Failing row contains {HIDDEN}'),
    (re.compile(r'(Key \([^)]*\)=)\(.*?\)'), rf'\1({HIDDEN})'),
    (re.compile(r'input_value=.*?(?=, input_type|$)', re.MULTILINE), f'input_value={HIDDEN}'),
    (re.compile(r'[\w.+-]+@[\w-]+(?:\.[\w-]+)+'), HIDDEN),
    (re.compile(r'\+\d[\d\s().-]{7,18}\d'), HIDDEN),
    (re.compile(r'(?<![\w.:-])[78][\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?![\w-])'), HIDDEN),
    (re.compile(r'(?<![\w.:-])(?!20\d{12}\b)\d{9,15}(?![\w-])'), HIDDEN),
    (re.compile(r'[^\W\d_a-zA-ZÀ-ɏ](?:.*[^\W\d_a-zA-ZÀ-ɏ])?'), HIDDEN),
)


def set_up() -> None:
    """Send every line of this process to stderr in the form that LOG_FORMAT names. Safe to call again."""
    is_json = (settings().log_format or ('text' if sys.stderr.isatty() else 'json')) == 'json'
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt='iso', utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not isinstance(kept, Handler)]
    root.addHandler(Handler(shared, is_json=is_json))
    root.setLevel(logging.INFO)
    for name in ('uvicorn', 'uvicorn.error', 'nicegui', 'prefect'):
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [], True
    for name, level in CHATTY.items():
        logging.getLogger(name).setLevel(level)
    sys.excepthook = _log_crash


class Handler(logging.StreamHandler[Any]):
    """Writes to stderr, whatever stderr is at the time."""

    def __init__(self, shared: list[Processor], *, is_json: bool) -> None:
        super().__init__()
        drawn: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)  # fmt: skip
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    clean,
                    without_colours,
                    drawn,
                ],
            )
        )

    @property
    def stream(self) -> Any:
        """Standard error of now: a test or a service manager may have changed it."""
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Always standard error."""


def _log_crash(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger('crash').critical('the process ends', exc_info=(kind, error, trace))


def clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without anything that is somebody's."""
    return {key: _cleaned(key, value) for key, value in event.items()}


def without_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without uvicorn's second copy of its text."""
    event.pop('color_message', None)
    return event


def _cleaned(key: str, value: Any) -> Any:
    if value is None or isinstance(value, (bool, float)) or key in OURS:
        return value
    if PERSONAL.search(key.lower()) or (isinstance(value, int) and abs(value) >= TOO_LONG):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(name): _cleaned(str(name), item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_cleaned('', item) for item in value]
    return value if isinstance(value, int) else without_secrets(str(value))


def without_secrets(text: str) -> str:
    """A text without secrets, addresses of people, phone numbers, and words that are not English. Ids of rows stay."""
    parts, ids = _UUID.split(text), _UUID.findall(text)
    for index, part in enumerate(parts):
        for pattern, instead in _RULES:
            part = pattern.sub(instead, part)  # noqa: PLW2901
        parts[index] = part
    return ''.join(part + (ids[index] if index < len(ids) else '') for index, part in enumerate(parts))
