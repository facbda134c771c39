"""What the words and numbers of an error mean, as one of `VALUES["error_class"]`.

Vendors spell the same thing many ways (`rate_limit_error`, `RateLimitError`, `ThrottlingException`,
`RESOURCE_EXHAUSTED`), so words are compared without case and punctuation.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from analyzer.patterns import later

# Tried in this order: the more telling word first (`billing_error` before anything with `error`).
_WORDS: Final = (
    ("quota", r"insufficientquota|quotaexceeded|billing|spendlimit|paymentrequired|insufficient(?:credit|balance|fund)|creditbalance|budgetexceeded|outofcredit|hardlimitreached"),
    ("rate-limit", r"ratelimit|throttl|toomanyrequest|resourceexhausted|exceededlimit|usagelimit|limitreached|requestlimit"),
    ("overloaded", r"overload|capacityexceeded|atcapacity|nocapacity|capacitylimit|serverbusy|enginebusy|insufficientsystemresource|modelnotready|slowdown|queuefull"),
    ("filtered", r"hooksfailed|contentfilter|contentpolicy|contentmanagement|datainspection|contentinspection|sensitivecontent|moderation|responsibleai|biopolicy|guardrail|promptblocked|safety|toxic|flagged"),
    ("auth", r"authentication|unauthenticated|unauthorized|unauthorised|notauthenticated|invalidapikey|invalidtoken|tokenexpired|expiredtoken|tokeninvalid|invalidcredential|sessionexpired|sessioninvalid|jwtexpired|authrevoked|accesstoken|loginrequired|notloggedin"),
    ("forbidden", r"permission|forbidden|accessdenied|unsupportedcountry|notallowed|regionnotsupported|verificationrequired|unusualactivity"),
    ("timeout", r"timeout|timedout|deadline"),
    ("unavailable", r"unavailable|maintenance"),
    ("rejected", r"invalidrequest|badrequest|contextlength|contextwindow|toolarge|toolong|notfound|invalidargument|validation|unprocessable|conflict|unsupported|failedprecondition|invalidprompt|abovemax|outofrange|invalidparam|missingparam|methodnot|invalidvalue|invalidtype|unknownmodel|deprecated|unimplemented|alreadyexists|parseerror"),
    ("server", r"internal|servererror|server|apierror|modelerror|modelstream|generation|dataloss|serviceerror|badgateway|upstream|provider|overflow|crash|unexpected|aborted|exception"),
)  # fmt: skip
_PLAIN: Final = later(r"[^a-z0-9]")

_NUMBERS: Final = {
    400: "rejected", 401: "auth", 402: "quota", 403: "forbidden", 404: "rejected", 405: "rejected",
    406: "rejected", 407: "auth", 408: "timeout", 409: "rejected", 410: "rejected", 411: "rejected",
    412: "rejected", 413: "rejected", 414: "rejected", 415: "rejected", 416: "rejected", 419: "auth",
    422: "rejected", 424: "server", 429: "rate-limit", 431: "rejected", 440: "auth", 451: "forbidden",
    498: "overloaded", 500: "server", 501: "server", 502: "server", 503: "unavailable", 504: "timeout",
    505: "server", 520: "server", 521: "unavailable", 522: "timeout", 523: "unavailable", 524: "timeout",
    529: "overloaded", 598: "timeout",
    -32700: "rejected", -32600: "rejected", -32601: "rejected", -32602: "rejected", -32603: "server",
    -32001: "timeout",
}  # fmt: skip

# Messages, for errors that have no telling word elsewhere. Linear, short, and tried on a bounded text.
_TEXTS: Final = (
    ("overloaded", r"overloaded|over capacity|at capacity|capacity (?:temporarily )?exceeded|high demand|experiencing (?:high|heavy) (?:load|traffic|demand)|server is busy"),
    ("quota", r"exceeded your current quota|insufficient (?:credits?|quota|balance|funds)|out of credits|billing|spend(?:ing)? limit"),
    ("rate-limit", r"rate.?limit|request limit|too many (?:requests|tokens)|tokens per min|requests per (?:min|day)|throttl|usage limit|message limit|you.ve (?:reached|hit)"),
    ("auth", r"invalid api key|incorrect api key|unauthori[sz]ed|not authenticated|(?:token|session|jwt)[a-z ]{0,12} expired|sign in again|log ?in again"),
    ("filtered", r"content (?:policy|filter|management)|safety (?:system|filter|policy)|flagged as|moderation"),
    ("forbidden", r"permission denied|forbidden|access denied|unusual activity"),
    ("rejected", r"context (?:length|window)|maximum context|prompt is too long|too large|(?:model|resource) [^ ]{0,80} ?(?:does not exist|not found)|invalid request"),
    ("timeout", r"timed? ?out|deadline exceeded"),
    ("unavailable", r"unavailable|no healthy upstream|try again later"),
    ("server", r"internal (?:server )?error|something went wrong|server had an error|an error (?:occurred|was encountered)|unexpected eof|connection (?:refused|reset|error)"),
)  # fmt: skip
# The same in other languages, tried when the message says nothing in English: providers and applications
# answer in the language of their country.
_TEXTS_ELSEWHERE: Final = (
    ("overloaded", r"过载|繁忙|访问量过大|算力不足|混み合って|混雑|überlastet|surchargé|sobrecargad|과부하"),
    ("quota", r"余额|欠费|额度(?:不足|已|用)|配额|残高|クレジット不足|kontingent|guthaben|quota (?:dépassé|épuisé)|saldo insuficiente|cuota"),
    ("rate-limit", r"过于频繁|频率(?:限制|过高)|限流|速率限制|并发数|请求次数|リクエストが多すぎ|回数制限|zu viele anfragen|trop de requêtes|demasiadas (?:solicitudes|peticiones)|요청이 너무 많"),
    ("auth", r"未登录|重新登录|登录(?:已)?(?:过期|失效)|请先登录|(?:token|令牌|密钥|会话)(?:已)?(?:过期|失效|无效)|鉴权失败|认证失败|再ログイン|ログインが必要|認証(?:エラー|に失敗)|nicht (?:angemeldet|authentifiziert|autorisiert)|(?:sitzung|token|anmeldung)[a-zäöüß ]{0,12} abgelaufen|session (?:a )?expirée?|non authentifié|sesión (?:ha )?(?:caducad|expirad)"),
    ("filtered", r"敏感(?:内容|词|信息)|违规|不合规|内容安全|安全审核|不適切"),
    ("forbidden", r"无权限|没有权限|权限不足|権限がありません|keine berechtigung|zugriff verweigert|accès (?:refusé|interdit)|acceso denegado"),
    ("timeout", r"超时|タイムアウト|zeitüberschreitung|délai[a-zéè' ]{0,20} dépassé|tiempo de espera|시간 초과"),
    ("unavailable", r"不可用|维护中|メンテナンス|利用できません|nicht (?:verfügbar|erreichbar)|indisponible|no disponible"),
    ("rejected", r"参数(?:错误|无效)|上下文(?:长度|过长)|超出(?:最大|长度)|ungültige anfrage|requête invalide"),
    ("server", r"内部错误|系统(?:错误|异常|开小差)|服务(?:器)?(?:错误|异常)|内部エラー|サーバーエラー|interner (?:server)?fehler|erreur interne|error interno|오류가 발생"),
)  # fmt: skip
# Words of a filter that are the reason themselves, and not the name of a parameter.
_REFUSED: Final = (
    r"guardrail|(?:was|been|is) flagged|violat\w{1,5} .{0,60}polic|(?:prompt|input|request|response|content) (?:was |is )?blocked"
    r"|may contain sensitive|considered high risk|敏感内容|敏感信息|不安全|违规"
)
_WEAK: Final = frozenset({"rejected", "server"})
_TELLING: Final = frozenset(
    {"auth", "quota", "forbidden", "rate-limit", "overloaded", "timeout", "unavailable"}
)


@cache
def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compiled when first asked for: most captures have no error, and the list is long."""
    return re.compile(pattern, flags)


def class_of_word(word: str | None) -> str | None:
    """The class that an error's type or code names; None when the word says nothing."""
    if not word:
        return None
    plain = _PLAIN.sub("", word[:200].lower())
    for name, pattern in _WORDS:
        if _compiled(pattern).search(plain):
            return name
    return None


def class_of_number(number: int | None) -> str | None:
    """The class of a status code or a JSON-RPC code."""
    if number is None:
        return None
    return _NUMBERS.get(number) or ("server" if 500 <= number <= 599 else None)


def class_of_text(text: str | None) -> str | None:
    """The class that a message hints at; None when it does not."""
    if not text:
        return None
    for many in (_TEXTS, _TEXTS_ELSEWHERE):
        for name, pattern in many:
            if _compiled(pattern, re.IGNORECASE).search(text[:2000]):
                return name
    return None


def classify(type: str | None, code: str | None, text: str | None, status: int | None = None) -> str:
    """One class for an error. The code is more telling than the type, both more than any number.

    A number overrules a type that says no more than `invalid_request` or `server_error`, and a message
    is asked only when everything else is silent, or says no more than that the service is unavailable.
    """
    number = int(code) if code is not None and code.removeprefix("-").isdecimal() and len(code) < 8 else None
    named = (class_of_word(code) if number is None else None) or class_of_word(type)
    counted = class_of_number(number) or class_of_number(status)
    if named is None or (named in _WEAK and counted in _TELLING):
        named = counted or named
    said = class_of_text(text)
    if named is None:
        return said or "unknown"
    if named in ("unavailable", "server") and said == "overloaded":
        return "overloaded"
    if named == "rejected" and type is None and number is None and said in ("filtered", "auth"):
        return said
    if named in ("rejected", "unknown") and text and _compiled(_REFUSED, re.IGNORECASE).search(text[:2000]):
        return "filtered"
    return named
