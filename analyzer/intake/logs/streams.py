"""Which line of a log is a stream, said in SQL over columns that most logs have.

A log rarely says "this was a stream". In this order: a path the user named, the content type where it is
logged, a WebSocket upgrade, an endpoint that is known to stream, and behaviour: a path that speaks of
events or of a model's answer, and an exchange that lasted like one. Static files and preflights never are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# Whole words of a path that promise a stream whatever else the line says, and ends of known endpoints.
_WORDS: Final = (
    r"stream(?:s|ing|ed)?|sse|eventsource|eventstream|ws|wss|websockets?|socket\.io|sockjs|signalr|subscribe"
    r"|subscriptions?|mercure|server-sent-events|live-?query"
)
_ENDS: Final = (
    r"/(?:chat/)?completions?|/v\d+\w*/(?:messages|responses|complete|realtime)|/conversation"
    r"|/api/(?:generate|chat)|/runs/wait|/chat_conversations/[^/]+/completion"
)
STRONG: Final = (
    rf"(?i:(?:^|[/_.:-])(?:{_WORDS})(?:$|[/_.:-])|(?:{_ENDS})$)"
    r"|(?:^|[/:.])stream[A-Z]|[a-z](?:Stream|Streaming|Subscribe|Subscription)(?:$|[/_.:-])"
)
QUERY: Final = (
    r"(?i:[?&](?:stream|watch|follow|sse)=(?:true|1|yes)(?:&|$)|[?&]alt=sse(?:&|$)|[?&]transport=websocket)"
)
# Words that promise one only together with behaviour.
_WEAK_GET: Final = r"events?|updates|feed|live|realtime|notifications?|tail|follow|watch|changes|push|poll|listen|progress|observe"
_WEAK_POST: Final = (
    r"chat|ask|answer|generate|generation|complete|completion|infer|inference|predict|invoke|converse|conversation"
    r"|messages?|responses|agents?|assistants?|ai|llm|prompt|rpc|runs?|threads?|mcp|query|graphql|events?|summar\w*"
    r"|translate"
)
WEAK_GET: Final = rf"(?i:(?:^|[/_.:-])(?:{_WEAK_GET})(?:$|[/_.:-]))"
WEAK_POST: Final = rf"(?i:(?:^|[/_.:-])(?:{_WEAK_POST})(?:$|[/_.:-]))"
GRPC: Final = r"^/(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*/[A-Z]\w*$"
STATIC: Final = (
    r"(?i:\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|html?|txt|xml|pdf|zip|gz|tgz|bz2|xz"
    r"|iso|dmg|exe|msi|deb|rpm|whl|jar|mp3|mp4|m4s|m4v|mpe?g|webm|mov|avi|ts|m3u8|mpd|wasm|csv|parquet|bin|img)$)"
)
TYPES: Final = (
    "text/event-stream",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/stream+json",
    "application/vnd.amazon.eventstream",
    "multipart/x-mixed-replace",
)
# Statuses of a request that may have wanted to become a stream. A list, because the planner turns a long
# IN into a join.
BROKEN: Final = (
    "[0, 408, 425, 429, 460, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 529, 530, 598]"
)
LONG_MS: Final = 20_000
WORTH_MS: Final = 3_000

# One cheap look at a raw line: none of these words, and no sign of length, and it is no stream. A word that
# only counts as a whole word has to follow what separates words: `/assets/` is no `sse`.
LINE_WORDS: Final = (
    r"(?i:stream|socket|subscri|[/_.:?&=-](?:sse|event|ws|signalr|sockjs|mercure|server-sent|live|complet|message"
    r"|respons|realtime|convers|generat|chat|runs?|watch|follow|updates|feed|notif|tail|changes|push|poll|listen"
    r"|progress|observe|ask|answer|infer|predict|invoke|agent|assistant|ai[^a-z]|llm|prompt|rpc|threads?|mcp|query"
    r"|graphql|summar|translat))"
)
# The same, looking only at a quoted request, where the line has one: an address or a browser's name
# holds such words by chance.
REQUEST_WORDS: Final = rf'"[A-Z]{{3,7}} [^" ]*{LINE_WORDS}'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def glob_sql(path: str, globs: Sequence[str]) -> str:
    """SQL: the path fits one of the user's globs (`*` crosses slashes, as in a shell's case)."""
    return " OR ".join(f"{path} GLOB {literal(g)}" for g in globs)


def glob_words(globs: Sequence[str]) -> list[str]:
    """The longest plain piece of each glob: a line without it cannot fit."""
    pieces = ["".join(ch if ch not in "*?[]" else "\0" for ch in glob).split("\0") for glob in globs]
    return [max(parts, key=len) for parts in pieces]


def path_sql(url: str) -> str:
    """SQL of the path of a request target or an absolute URL; NULL when it is neither.

    Splitting is many times faster here than a regular expression with a group.
    """
    plain = f"split_part(split_part({url}, '?', 1), '#', 1)"
    rest = f"split_part({plain}, '://', 2)"
    return (
        f"CASE WHEN starts_with({url}, '/') THEN {plain} WHEN contains({plain}, '://') THEN"
        f" CASE WHEN contains({rest}, '/') THEN substr({rest}, strpos({rest}, '/')) ELSE '/' END END"
    )


def _requests(methods: str, words: str) -> str:
    """RE2 of a quoted request in a raw line whose path has one of the words as a whole word."""
    return (
        rf'"(?:{methods}) (?:[a-z]+://[^/ "?#]*)?/(?:[^ "?#]*[/_.:-])?(?i:{words})(?:[/_.:-][^ "?#]*)?[ ?#"]'
    )


_SURE: Final = (
    _requests("GET|POST|PUT|PATCH|DELETE", _WORDS),
    rf'"(?:GET|POST|PUT|PATCH|DELETE) [^ "?#]*(?i:{_ENDS.replace("[^/]+", "[^/ ]+")})[ ?#"]',
)
_SURE_IF_LASTED: Final = (_requests("GET", _WEAK_GET), _requests("POST", _WEAK_POST))


def _undotted(methods: str, words: str) -> str:
    """RE2 of a request whose path has one of the words as a whole word, and no dot: it names no file."""
    return rf'(?:{methods}) (?:[a-z]+://[^/ "?#]*)?/(?:[^ "?#.]*[/_:-])?(?i:{words})(?:[/_:-][^ "?#.]*)?[ ?#]'


_PLAIN: Final = (
    _undotted("GET|POST|PUT|PATCH|DELETE", _WORDS),
    rf'(?:GET|POST|PUT|PATCH|DELETE) [^ "?#]*(?i:{_ENDS.replace("[^/]+", "[^/ ]+")})[ ?#]',
)
_PLAIN_IF_LASTED: Final = (_undotted("GET", _WEAK_GET), _undotted("POST", _WEAK_POST))


def _plain_sql(quiet: str, lasted: str | None) -> str:
    """SQL of `sure_sql` for most of the lines that pass it, in few patterns."""
    request = f'"(?:{"|".join((*_PLAIN, *_PLAIN_IF_LASTED) if lasted == "" else _PLAIN)})'
    if quiet.startswith('"'):  # it goes on where the request ends
        return _matches(f'{request}[^"]*{quiet}')
    plain = f"{_matches(request)} AND {_matches(quiet)}"
    if lasted:
        weak = f'"(?:{"|".join(_PLAIN_IF_LASTED)})'
        plain += f" OR {_matches(weak)} AND {_matches(lasted)} AND {_matches(quiet)}"
    return f"({plain})"


def _matches(pattern: str) -> str:
    return f"regexp_matches(line, {literal(pattern)})"


def sure_sql(quiet: str, lasted: str | None) -> str:
    """SQL over a raw line: it is a stream, and it ended without a sign of trouble.

    quiet: RE2 that says the latter. lasted: RE2 that says that it took WORTH_MS or longer, empty where the
    format records no duration, None where only the column tells. Only for formats with a quoted request.
    What fails this test may still be a quiet stream; what passes it is one.
    """
    sure = _matches("|".join(_SURE))
    if lasted is not None:
        weak = _matches("|".join(_SURE_IF_LASTED)) + (f" AND {_matches(lasted)}" if lasted else "")
        sure = f"({sure} OR {weak})"
    static = _matches(STATIC.removesuffix("$)") + r')[ ?#"]')
    return f"({_plain_sql(quiet, lasted)} OR ({_matches(quiet)} AND {sure} AND NOT {static}))"


def why_sql(cols: Mapping[str, str], globs: Sequence[str], extra: str = "NULL") -> str:
    """SQL for `stream_why`; NULL means that the line is no stream.

    cols: SQL of method, path, url, content_type, status, duration_ms and scheme; absent ones are NULL.
    extra: SQL of what the format itself knows (an upgraded connection in an error log, say).
    """
    get = {
        name: cols.get(name, "NULL")
        for name in ("method", "path", "url", "content_type", "status", "duration_ms", "scheme")
    }
    method, path, url = get["method"], f"coalesce({get['path']}, '')", f"coalesce({get['url']}, '')"
    status, duration = get["status"], get["duration_ms"]
    types = ", ".join(literal(t) for t in TYPES)
    lasted = (
        f"(coalesce({duration} >= {WORTH_MS}, true) AND coalesce({status} BETWEEN 101 AND 399, true))"
        f" OR coalesce(list_contains({BROKEN}, {status}), false)"
    )
    whens = [
        f"WHEN {glob_sql(path, globs)} THEN 'stream-path'" if globs else "",
        f"WHEN coalesce({method}, '') IN ('OPTIONS', 'HEAD', 'CONNECT', 'TRACE') THEN NULL",
        f"WHEN regexp_matches({path}, {literal(STATIC)}) AND {status} IS DISTINCT FROM 101 THEN NULL",
        f"WHEN list_contains([{types}], {get['content_type']}) THEN 'content-type'"
        if "content_type" in cols
        else "",
        f"WHEN {status} = 101 THEN 'websocket'" if "status" in cols else "",
        f"WHEN {get['scheme']} IN ('ws', 'wss') THEN 'websocket'" if "scheme" in cols else "",
        f"WHEN regexp_matches({path}, {literal(STRONG)}) THEN 'endpoint'",
        f"WHEN regexp_matches({url}, {literal(QUERY)}) THEN 'endpoint'",
        f"WHEN ({extra}) IS NOT NULL THEN ({extra})" if extra != "NULL" else "",
        f"WHEN ({lasted}) AND (({method} IS DISTINCT FROM 'POST' AND regexp_matches({path}, {literal(WEAK_GET)}))"
        f" OR ({method} IS NOT DISTINCT FROM 'POST' AND regexp_matches({path}, {literal(WEAK_POST)}))"
        f" OR ({duration} >= {WORTH_MS} AND {method} = 'POST' AND regexp_matches({path}, {literal(GRPC)})))"
        " THEN 'behaviour'",
        f"WHEN {duration} >= {LONG_MS} AND {status} BETWEEN 101 AND 299 THEN 'behaviour'"
        if "duration_ms" in cols
        else "",
    ]
    return "CASE " + " ".join(w for w in whens if w) + " END"
