"""The values that cross the borders between rooms. All plain, none knows how it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from analyzer.causes import Confidence, Party, Severity
from analyzer.columns import Exchange

if TYPE_CHECKING:
    from pandas import DataFrame

# ---------------------------------------------------------------------------------- intake


class CaptureInfo(msgspec.Struct, kw_only=True):
    """One input file, and what reading it cost.

    warnings: sentences without secrets, each naming a place and an effect.
    error: set when the capture could not be read at all; then it has no exchanges.
    lines, unparsed: logs only.
    """

    path: str
    kind: Literal["har", "netlog", "log"] = "har"
    dialect: str | None = None
    format: str | None = None
    creator: str | None = None
    exchanges: int = 0
    streams: int = 0
    lines: int | None = None
    unparsed: int | None = None
    warnings: list[str] = msgspec.field(default_factory=list)
    error: str | None = None


class RecordedEvent(msgspec.Struct, gc=False):
    """An event that the recorder decoded itself (`_eventSourceMessages`).

    at_ms: since the request's start; None where the recorder's stamp is known to be untrue.
    data: None where the export stripped it. The names are those in the file, so that the many
    events of a capture are decoded in one step.
    """

    type: str = msgspec.field(default="message", name="eventName")
    data: str | None = None
    id: str | None = msgspec.field(default=None, name="eventId")
    at_ms: float | None = msgspec.field(default=None, name="time")


class RecordedMessage(msgspec.Struct):
    """A WebSocket message. direction: send, receive or error. opcode 1 text, 2 binary (base64)."""

    direction: str
    data: str | None
    opcode: int | None = None
    at_ms: float | None = None


class Chunk(msgspec.Struct):
    """Bytes that arrived together, where a recorder says so (`_chunks`): when, and how many."""

    at_ms: float
    size: int


#: Response headers that only a stream of the AI SDK has: they say so whatever its content type.
STREAM_HEADERS: Final = frozenset(("x-vercel-ai-data-stream", "x-vercel-ai-ui-message-stream"))
#: Request headers of the fetch of a service worker's script (Fetch and Service Workers standards).
WORKER_SCRIPT: Final = (("sec-fetch-dest", "serviceworker"), ("service-worker", "script"))

Headers = Sequence[tuple[str, str]]


class Recorded(msgspec.Struct):
    """One exchange as intake hands it over: the row so far, and what decoding needs.

    Header names are lower case, in recorded order, duplicates kept, pseudo-headers (`:path`) left
    out. `stream_header`, `worker_script`: whether it has one of `STREAM_HEADERS`, of `WORKER_SCRIPT`; they are
    asked of every exchange, and made of the headers where intake does not say. `body` and `request_body` are
    called at most for streaming candidates: bytes as the application saw them (content encoding undone), None
    when the capture has no body. `raw` gives the entry as plain JSON values for the page view and the evidence
    drawer. `places` says for columns that were not read at `exchange.where` where they stand: `$.events[1943]`.
    """

    exchange: Exchange
    request_headers: Headers = ()
    response_headers: Headers = ()
    body: Callable[[], bytes | None] = lambda: None
    request_body: Callable[[], bytes | None] = lambda: None
    events: Sequence[RecordedEvent] | None = None
    messages: list[RecordedMessage] | None = None
    chunks: list[Chunk] | None = None
    raw: Callable[[], dict[str, Any]] = dict
    page: str | None = None
    places: dict[str, str] = msgspec.field(default_factory=dict)
    stream_header: bool | None = None
    worker_script: bool | None = None

    def __post_init__(self) -> None:
        if self.stream_header is None:
            self.stream_header = any(name in STREAM_HEADERS for name, _ in self.response_headers)
        if self.worker_script is None:
            self.worker_script = any(pair in WORKER_SCRIPT for pair in self.request_headers)


class Page(msgspec.Struct):
    """A page load of the HAR: `log.pages[i]`. Times in ms since the page's start; None unknown."""

    id: str
    title: str
    started_ms: float | None  # Unix epoch, ms
    on_content_load_ms: float | None = None
    on_load_ms: float | None = None


class Capture(msgspec.Struct):
    """One capture, read.

    forget: gives back the memory of what was looked at in the file; it is read again when asked for.
    """

    info: CaptureInfo
    entries: list[Recorded] = msgspec.field(default_factory=list)
    pages: list[Page] = msgspec.field(default_factory=list)
    forget: Callable[[], None] = lambda: None


# ---------------------------------------------------------------------------------- decode


class Event(msgspec.Struct, frozen=True):
    """One complete unit that the application would see.

    data: bytes as the framing defines them, None when the recorder stripped them. dispatched is
    False for an SSE block without data: no EventSource sees it, but it can be an end marker.
    offset, end: span in the body; -1 when there is no body.
    """

    index: int
    type: str
    data: bytes | None
    id: str | None = None
    at_ms: float | None = None
    offset: int = -1
    end: int = -1
    dispatched: bool = True


class Malformed(msgspec.Struct, frozen=True):
    """Bytes that the framing does not allow. The decoder goes on if the protocol can."""

    offset: int
    reason: str


class Tail(msgspec.Struct, frozen=True):
    """What was left when the bytes stopped. reason: None when nothing was owed."""

    data: bytes
    offset: int
    reason: str | None = None


class StreamInput(msgspec.Struct, kw_only=True):
    """What protocol reading needs of one exchange. Headers by lower-case name, last one wins.

    ended_ms: since the request's start. errored: a transport error ended it.
    """

    url: str = ""
    method: str = ""
    host: str = ""
    path: str = ""
    query: str = ""
    status: int | None = None
    content_type: str | None = None
    request_headers: dict[str, str] = msgspec.field(default_factory=dict)
    response_headers: dict[str, str] = msgspec.field(default_factory=dict)
    request_body: bytes | None = None
    body: bytes | None = None
    events: Sequence[RecordedEvent] | None = None
    messages: list[RecordedMessage] | None = None
    errored: bool = False
    ended_ms: float | None = None


class StreamFacts(msgspec.Struct, kw_only=True):
    """What the body or the recorded events say. Field meanings as in the exchange table."""

    framing: str | None = None
    protocol: str | None = None
    provider: str | None = None
    events: int | None = None
    content_events: int | None = None
    heartbeats: int | None = None
    first_event_ms: float | None = None
    last_event_ms: float | None = None
    max_gap_ms: float | None = None
    median_gap_ms: float | None = None
    times_recorded: bool | None = None
    one_burst: bool | None = None
    terminal_marker: str | None = None
    terminal_name: str | None = None
    soft_terminal: bool | None = None
    tail_bytes: int | None = None
    cut_inside_event: bool | None = None
    in_band_error: bool | None = None
    error_type: str | None = None
    error_code: str | None = None
    error_class: str | None = None
    error_owner: str | None = None
    error_text: str | None = None
    finish_reason: str | None = None
    finish_class: str | None = None
    handoff: bool | None = None
    planned_close: bool | None = None
    duplicated_end: bool | None = None
    close_code: int | None = None
    ping_unanswered: bool | None = None
    grpc_status: int | None = None
    resume: str | None = None
    body_recorded: bool | None = None


# ---------------------------------------------------------------------------------- verdicts


class Ending(msgspec.Struct, frozen=True):
    """How it ended, in four independent parts; vocabularies in `analyzer.columns.VALUES`."""

    by: str = "unknown"
    phase: str = "data"
    announced: bool | None = None
    signal: str = "unknown"


class Evidence(msgspec.Struct, frozen=True):
    """One fact and its address. value is already fit to be shown (redacted, plain JSON)."""

    role: Literal["primary", "related"]
    where: str
    column: str
    value: str | int | float | bool | None
    text: str


class Fix(msgspec.Struct, frozen=True):
    """What each reader can do. Lines in backticks or code fences are for copying."""

    user: list[str] = msgspec.field(default_factory=list)
    operator: list[str] = msgspec.field(default_factory=list)
    developer: list[str] = msgspec.field(default_factory=list)


class RunnerUp(msgspec.Struct, frozen=True):
    """A rule that fired too, and why it lost."""

    rule: str
    cause: str
    why: str


class Verdict(msgspec.Struct, kw_only=True):
    """The one answer per stream. settle: the capture that would make it certain; None if it is."""

    cause: str
    party: Party
    severity: Severity
    confidence: Confidence
    rule: str | None
    title: str
    explanation: str
    evidence: list[Evidence] = msgspec.field(default_factory=list)
    fix: Fix = msgspec.field(default_factory=Fix)
    runners_up: list[RunnerUp] = msgspec.field(default_factory=list)
    settle: str | None = None


class Phase(msgspec.Struct, frozen=True):
    """A stretch of the timeline. kind: queue, dns, connect, tls, send, wait, receive."""

    kind: str
    start_ms: float
    end_ms: float


class Timeline(msgspec.Struct, kw_only=True):
    """What a drawing of one stream needs. Times in ms since the request's start; sizes in bytes.

    marks: (at_ms, size, kind) with kind event, heartbeat or chunk; at most 400, thinned evenly.
    times_known is False where the recorder has no arrival times; then marks is empty.
    limits: well-known limits near the total or the silence: (ms, label).
    """

    total_ms: float | None = None
    phases: list[Phase] = msgspec.field(default_factory=list)
    marks: list[tuple[float, int, str]] = msgspec.field(default_factory=list)
    marks_total: int = 0
    times_known: bool = False
    silence_from_ms: float | None = None
    cut_ms: float | None = None
    limits: list[tuple[float, str]] = msgspec.field(default_factory=list)


class Stream(msgspec.Struct, kw_only=True):
    """One stream in the report: the row, the verdict, and what the drawings need.

    `exchange` is already redacted when it reaches a renderer. `row` is the whole exchange for
    tables and queries. `raw` is the redacted entry for the evidence drawer; None when left out.
    `places` says for columns that do not stand at `exchange.where` where they stand.
    """

    id: str
    exchange: Exchange
    ending: Ending
    verdict: Verdict
    timeline: Timeline = msgspec.field(default_factory=Timeline)
    shape: list[int] = msgspec.field(default_factory=list)  # size of each event, thinned to 400
    raw: Any = None
    request_ids: dict[str, str] = msgspec.field(default_factory=dict)
    places: dict[str, str] = msgspec.field(default_factory=dict)


class Cluster(msgspec.Struct, kw_only=True):
    """Streams with one problem. shared: what they have in common; baseline: what others look like."""

    cause: str
    party: Party
    size: int
    members: list[str]
    text: str
    baseline: str
    shared: dict[str, Any] = msgspec.field(default_factory=dict)


class PageEntry(msgspec.Struct, kw_only=True):
    """One exchange of the page around the streams, for the waterfall and the table of everything."""

    where: str
    capture: str
    method: str | None
    url: str | None
    status: int | None
    net_error: str | None
    resource_type: str | None
    content_type: str | None
    start_ms: float | None  # since the first exchange of its capture
    duration_ms: float | None
    body_bytes: int | None
    stream_id: str | None = None


class PageView(msgspec.Struct, kw_only=True):
    """A page load, as haralyzer sees it."""

    capture: str
    title: str
    load_ms: float | None = None
    content_load_ms: float | None = None
    requests: int = 0
    bytes: int | None = None
    by_type: dict[str, int] = msgspec.field(default_factory=dict)
    failed: int = 0


class Summary(msgspec.Struct, kw_only=True):
    """Counts over all streams, listed or not, and the one sentence to read first."""

    streams: int = 0
    failed: int = 0
    degraded: int = 0
    info: int = 0
    ok: int = 0
    by_cause: dict[str, int] = msgspec.field(default_factory=dict)
    by_party: dict[str, int] = msgspec.field(default_factory=dict)
    headline: str = ""


class Report(msgspec.Struct, kw_only=True):
    """The result of one analysis. Renderers take it and nothing else.

    redacted: what `redact` did to it, by kind of secret; None when redaction was off. excerpts: log
    lines that evidence names, redacted, by their place (`access.log:1234`).
    """

    captures: list[CaptureInfo]
    streams: list[Stream]
    clusters: list[Cluster]
    summary: Summary
    entries: list[PageEntry] = msgspec.field(default_factory=list)
    pages: list[PageView] = msgspec.field(default_factory=list)
    rule_errors: list[str] = msgspec.field(default_factory=list)
    skipped: list[str] = msgspec.field(default_factory=list)  # files of a folder that are no captures
    excerpts: dict[str, str] = msgspec.field(default_factory=dict)
    redacted: dict[str, int] | None = None
    generated_at: str = ""

    def streams_frame(self) -> DataFrame:
        """The streams as a pandas DataFrame, worst first; see `analyzer.report.tables.streams_frame`."""
        made: DataFrame = _above("report.tables").streams_frame(self)
        return made

    def exchanges_frame(self) -> DataFrame:
        """Every exchange of the browser captures as a pandas DataFrame; see
        `analyzer.report.tables.exchanges_frame`. Needs `Options(details=True)`.
        """
        made: DataFrame = _above("report.tables").exchanges_frame(self)
        return made

    def _repr_html_(self) -> str:
        """The headline and the worst streams, for notebooks."""
        shown: str = _above("report.notebook").report_html(self)
        return shown


def _above(module: str) -> Any:
    """A module of a room above this one, for what a report can be turned into where it is used from Python.

    Loaded when it is asked for: nothing here depends on it.
    """
    from importlib import import_module

    return import_module(f"analyzer.{module}")
