from __future__ import annotations

import pytest

from analyzer.columns import VALUES
from analyzer.protocols.errorwords import (
    _NUMBERS,
    _TEXTS,
    _TEXTS_ELSEWHERE,
    _WORDS,
    class_of_number,
    class_of_text,
    class_of_word,
    classify,
)


def test_every_class_is_in_the_vocabulary() -> None:
    names = {name for name, _ in [*_WORDS, *_TEXTS, *_TEXTS_ELSEWHERE]} | set(_NUMBERS.values())
    assert names <= set(VALUES["error_class"])


@pytest.mark.parametrize(
    "word", ["rate_limit_error", "RateLimitError", "ThrottlingException", "RESOURCE_EXHAUSTED"]
)
def test_spellings_of_one_thing(word: str) -> None:
    assert class_of_word(word) == "rate-limit"


def test_unlisted_server_codes_are_the_servers() -> None:
    assert class_of_number(599) == "server"
    assert class_of_number(200) is None


def test_a_number_overrules_a_type_that_says_little() -> None:
    assert classify("invalid_request_error", "429", None) == "rate-limit"
    assert classify("rate_limit_error", "500", None) == "rate-limit"


def test_digits_that_are_no_number_are_a_word() -> None:
    assert classify(None, "²", None) == classify(None, "--5", None) == "unknown"


def test_silence_is_unknown() -> None:
    assert classify(None, None, None) == "unknown"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("该模型当前访问量过大，请您稍后再试", "overloaded"),
        ("您的账户余额不足", "quota"),
        ("请求过于频繁", "rate-limit"),
        ("登录已过期，请重新登录", "auth"),
        ("Ihre Sitzung ist abgelaufen", "auth"),
        ("Trop de requêtes, réessayez plus tard", "rate-limit"),
        ("サーバーが混雑しています", "overloaded"),
        ("Interner Serverfehler", "server"),
        ("Guten Tag", None),
    ],
)
def test_messages_in_other_languages(text: str, kind: str | None) -> None:
    assert class_of_text(text) == kind


@pytest.mark.parametrize(
    ("type", "code", "text", "kind"),
    [
        (None, "1301", "系统检测到输入或生成内容可能包含不安全或敏感内容", "filtered"),
        ("invalid_request_error", "invalid_prompt", "your prompt was flagged as potentially violating our policy", "filtered"),
        (None, "400", "{'error': 'Violated guardrail policy'}", "filtered"),
        ("hooks_failed", None, "The guardrail checks defined in the config failed.", "filtered"),
        ("invalid_request_error", None, "Unknown parameter: 'moderation'", "rejected"),
        ("server_error", None, "a policy was violated by the machine", "server"),
    ],
)  # fmt: skip
def test_a_filter_that_says_so_in_words(type: str | None, code: str | None, text: str, kind: str) -> None:
    assert classify(type, code, text, 400) == kind
