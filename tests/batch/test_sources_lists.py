"""Lists of tickets: CSV, JSON, JSON lines, and the exports of Zendesk, Jira and Intercom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.batch.model import Ticket
from analyzer.batch.sources import find_tickets
from analyzer.batch.sources.cases import instant, words
from analyzer.errors import UsageError
from tests.batch.test_sources import packed, put


def write(root: Path, name: str, value: Any) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def of(tickets: list[Ticket]) -> dict[str, list[str]]:
    return {ticket.id: [attachment.name for attachment in ticket.attachments] for ticket in tickets}


# ---------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_as_spreadsheets_write_it(delimiter: str, encoding: str, tmp_path: Path) -> None:
    put(tmp_path, "a/chat.har", "b.log")
    rows = [
        ["Ticket ID", "Organisation", "Created At", "Labels", "Attachment Paths"],
        ["4711", "Müller", "2026-03-02T10:15:00+01:00", "chat|slow", '"a/chat.har\nb.log"'],
    ]
    (tmp_path / "queue.csv").write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    (ticket,) = find_tickets([tmp_path / "queue.csv"])
    assert (ticket.id, ticket.customer, ticket.at) == ("4711", "Müller", "2026-03-02T09:15:00Z")
    assert ticket.tags == ("chat", "slow")
    assert [attachment.name for attachment in ticket.attachments] == ["chat.har", "b.log"]
    assert ticket.problems == ()


def test_rows_of_one_ticket_are_one_ticket_however_far_apart(tmp_path: Path) -> None:
    put(tmp_path, "a.har", "b.har", "c.har")
    write(tmp_path, "m.csv", "id,customer,file\n1,,a.har\n2,Beta,b.har\n1,Acme,c.har\n")
    found = list(find_tickets([], manifest=tmp_path / "m.csv"))
    assert of(found) == {"1": ["a.har", "c.har"], "2": ["b.har"]}
    assert found[0].customer == "Acme"


def test_a_wrong_row_is_a_ticket_with_a_reason(tmp_path: Path) -> None:
    put(tmp_path, "a.har")
    rows = "id,at,attachments\n1,yesterday,a.har\n,,a.har\n2,,\n3,,gone.har\n4,,a.har,too,many\n"
    found = list(find_tickets([write(tmp_path, "m.csv", rows)]))
    assert {ticket.id: ticket.problems for ticket in found} == {
        "m.csv line 3": ("m.csv, line 3: it names no ticket",),
        "m.csv line 6": ("m.csv, line 6: it has 5 cells, and the first row has 3",),
        "1": ("the list's at is no time that is understood",),
        "2": ("the list names no attachment of it",),
        "3": ("gone.har: it is not there",),
    }


@pytest.mark.parametrize("shape", ["lines", "list", "object"])
def test_json_lists_in_three_shapes(shape: str, tmp_path: Path) -> None:
    put(tmp_path, "a.har", "logs/b.log", "logs/c.log")
    records = [
        {"ticket": 1, "attachments": ["a.har", "logs"], "customer": {"name": "Acme"}, "created": 1772445600},
        {"ticket": "2", "attachments": [{"path": "a.har", "name": "Shown.har"}], "tags": ["x", "y"]},
    ]
    text = {
        "lines": "\n".join(map(json.dumps, records)),
        "list": json.dumps(records),
        "object": json.dumps({"made": "today", "tickets": records}, indent=1),
    }[shape]
    found = list(find_tickets([write(tmp_path, "manifest.json", text)]))
    assert of(found) == {"1": ["a.har", "b.log", "c.log"], "2": ["a.har"]}
    assert (found[0].customer, found[0].at) == ("Acme", "2026-03-02T10:00:00Z")


def test_broken_records_are_reported_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path, "a.har")
    good = json.dumps({"id": 1, "file": "a.har"})
    found = list(find_tickets([write(tmp_path, "m.jsonl", f"{good}\n{{oops\n[1]\n")]))
    assert [ticket.id for ticket in found] == ["m.jsonl line 2", "m.jsonl line 3", "1"]
    cut = list(find_tickets([write(tmp_path, "m.json", f'[{good}, {{"id": 2, "fi')]))
    assert [ticket.id for ticket in cut] == ["m.json $[1]", "1"]
    assert "cut off" in cut[0].problems[0]


def test_a_list_in_a_folder_or_a_zip_is_found(tmp_path: Path) -> None:
    put(tmp_path, "t/a.har", "t/unlisted.har")
    write(tmp_path, "t/tickets.csv", "id,file\n1,a.har\n")
    told: list[str] = []
    assert of(list(find_tickets([tmp_path / "t"], tell=told.append))) == {"1": ["a.har"]}
    assert told == [f"{tmp_path}/t: a list of tickets (tickets.csv); what it names is read, and nothing else"]
    content = {"x/tickets.csv": b"id,file\n1,f/a.har\n2,f/b.har\n", "x/f/a.har": b"1", "x/f/b.har": b"2"}
    put(tmp_path, "all.zip", content=packed(content))
    found = list(find_tickets([tmp_path / "all.zip"]))
    assert of(found) == {"1": ["a.har"], "2": ["b.har"]}
    assert found[0].attachments[0].members == ("x/f/a.har",)


def test_captures_called_like_lists_are_captures(tmp_path: Path) -> None:
    put(tmp_path, "export.json")
    assert of(list(find_tickets([tmp_path]))) == {"export": ["export.json"]}
    assert of(list(find_tickets([tmp_path / "export.json"]))) == {"export": ["export.json"]}


def test_paths_are_relative_to_the_folder_that_is_named(tmp_path: Path) -> None:
    put(tmp_path, "captures/a.har")
    manifest = write(tmp_path, "lists/m.csv", "id,file\n1,a.har\n")
    assert of(list(find_tickets([tmp_path / "captures"], manifest=manifest))) == {"1": ["a.har"]}
    with pytest.raises(UsageError, match="the one folder"):
        find_tickets([tmp_path, tmp_path], manifest=manifest)
    with pytest.raises(UsageError, match="no list of tickets"):
        list(find_tickets([], manifest=write(tmp_path, "other.csv", "a,b\n1,2\n")))


# ---------------------------------------------------------------------------------- a stranger's list


@pytest.mark.parametrize(
    "path",
    [
        "../secret.log",
        "/etc/hostname",
        "file:///etc/hostname",
        "a/../../secret.log",
        "..\\secret.log",
        "link.log",
        ".",
        "",
    ],
)
def test_a_list_reaches_nothing_outside_its_folder(path: str, tmp_path: Path) -> None:
    put(tmp_path, "secret.log", "t/a.har")
    (tmp_path / "t/link.log").symlink_to(tmp_path / "secret.log")
    (ticket,) = find_tickets(
        [write(tmp_path, "t/m.json", [{"id": 1, "attachments": [{"path": path or "\0", "name": "x.log"}]}])]
    )
    assert ticket.attachments == ()
    assert len(ticket.problems) == 1


def test_addresses_in_a_list_are_followed_only_where_the_user_allows(tmp_path: Path) -> None:
    urls = [
        "https://desk.example.com/a.har?token=Canary", "http://169.254.169.254/latest/meta-data", "https://DESK.example.com@evil.test/x",
        "simplecache::https://desk.example.com/a.har", "s3://other/a.har", "http://[::1/x",
    ]  # fmt: skip
    manifest = write(tmp_path, "m.json", [{"id": n, "url": url} for n, url in enumerate(urls)])
    refused = list(find_tickets([manifest]))
    assert all(ticket.attachments == () and len(ticket.problems) == 1 for ticket in refused)
    assert refused[0].problems[0].endswith("which only you can allow: --fetch https://desk.example.com")
    assert "Canary" not in str(refused)
    allowed = list(find_tickets([manifest], fetch=["https://desk.example.com/whatever"]))
    assert [len(ticket.attachments) for ticket in allowed] == [1, 0, 0, 0, 0, 0]
    assert allowed[0].attachments[0].url == urls[0]


def test_a_list_at_an_address_may_name_its_own_place() -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/desk/m.csv", b"id,file\n1,a.har\n2,memory://desk/b.har\n3,memory://other/c.har\n")
    system.pipe("/desk/a.har", b"1")
    found = list(find_tickets([], manifest="memory://desk/m.csv"))
    assert [[a.url for a in t.attachments] for t in found] == [
        ["memory://desk/a.har"],
        ["memory://desk/b.har"],
        [],
    ]
    system.rm("/desk", recursive=True)


def test_hostile_text_in_a_list_is_harmless(tmp_path: Path) -> None:
    put(tmp_path, "a.har")
    record = {
        "id": "\x1b[31m\n" + "x" * 5000,
        "file": "a.har",
        "customer": "\u202eevil\x07",
        "tags": ["\x00"],
    }
    (ticket,) = find_tickets([write(tmp_path, "m.json", [record])])
    assert len(ticket.id) < 300
    assert ticket.id.isprintable()
    assert ticket.customer is not None
    assert ticket.customer.isprintable()


# ---------------------------------------------------------------------------------- ticket systems

COMMENT = {
    "id": 1, "author_id": 7, "attachments": [
        {"id": 498, "file_name": "chat.har", "content_url": "https://acme.zendesk.com/attachments/token/SECRET/?name=chat.har"},
        {"id": 499, "file_name": "screen.png", "content_url": "https://acme.zendesk.com/attachments/token/S2/?name=screen.png"},
    ],
}  # fmt: skip
ZENDESK = {
    "id": 35436, "created_at": "2026-03-02T10:15:00Z", "requester_id": 7, "organization_id": 9, "via": {"channel": "web"},
    "tags": ["enterprise", "chat"], "comments": [COMMENT],
}  # fmt: skip


@pytest.mark.parametrize(
    "copy",
    [
        "35436/chat.har",
        "attachments/35436/chat.har",
        "attachments/498/chat.har",
        "attachments/498_chat.har",
        "35436/498",
    ],
)
def test_zendesk_with_attachments_beside_it(copy: str, tmp_path: Path) -> None:
    put(tmp_path, copy)
    write(
        tmp_path,
        "zendesk.json",
        json.dumps(ZENDESK) + "\n" + json.dumps({**ZENDESK, "id": 35437, "comments": []}) + "\n",
    )
    told: list[str] = []
    found = list(find_tickets([tmp_path], tell=told.append))
    assert "an export of Zendesk" in told[0]
    assert [ticket.id for ticket in found] == ["35436", "35437"]
    assert [Path(a.url).relative_to(tmp_path).as_posix() for a in found[0].attachments] == [copy]
    assert found[0].problems == ()
    assert found[0].tags == ("enterprise", "chat")
    assert found[1].problems == ("the ticket has no attachment that could be a capture",)


def test_zendesk_pages_of_the_incremental_export_with_people_beside_the_tickets(tmp_path: Path) -> None:
    page = {
        "tickets": [ZENDESK, {**ZENDESK, "id": 2, "organization_id": None}],
        "users": [{"id": 7, "name": "Ada", "email": "ada@example.com"}], "organizations": [{"id": 9, "name": "Acme"}],
        "count": 2, "end_of_stream": True,
    }  # fmt: skip
    write(tmp_path, "tickets-1.json", page)
    events = {"ticket_events": [{"id": 3, "ticket_id": 2, "child_events": [{"event_type": "Comment", "attachments": [
        {"id": 500, "file_name": "late.log", "content_url": "https://acme.zendesk.com/attachments/token/S3/"}]}]}]}  # fmt: skip
    write(tmp_path, "tickets-2.json", events)
    found = list(find_tickets([tmp_path], fetch=["https://acme.zendesk.com"]))
    assert [(t.id, t.customer, [a.name for a in t.attachments]) for t in found] == [
        ("35436", "Acme", ["chat.har"]), ("2", "Ada", ["chat.har", "late.log"]),
    ]  # fmt: skip
    assert "SECRET" in found[0].attachments[0].url


def test_zendesk_addresses_wait_for_permission_and_deleted_files_are_told(tmp_path: Path) -> None:
    deleted = {"attachments": [{"id": 1, "file_name": "old.har", "deleted": True}]}
    write(tmp_path, "export.json", {"ticket": {**ZENDESK, "comments": [COMMENT, deleted]}})
    (ticket,) = find_tickets([tmp_path / "export.json"])
    assert ticket.attachments == ()
    assert ticket.problems == (
        "old.har: it was deleted in the ticket system",
        "chat.har: it is at https://acme.zendesk.com, which only you can allow: --fetch https://acme.zendesk.com",
    )
    assert "SECRET" not in str(ticket)


JIRA_XML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- RSS generated by JIRA (9.12.1) at Mon Mar 02 10:15:00 UTC 2026 -->
<rss version="0.92"><channel><title>Acme</title><link>https://jira.example.com</link>
<item><title>[OPS-7] Chat stops</title><link>https://jira.example.com/browse/OPS-7</link>
<key id="10001">OPS-7</key><created>Mon, 2 Mar 2026 10:15:00 +0100</created>
<reporter username="ada">Ada &lt;b&gt;</reporter><labels><label>chat</label><label>slow</label></labels>
<comments><comment id="1" created="Mon, 2 Mar 2026 11:00:00 +0100">attachment id=3</comment></comments>
<attachments><attachment id="20001" name="chat.har" size="3" author="ada" created="x"/>
<attachment id="20002" name="screen.png" size="3"/></attachments></item>
<item><title>[OPS-8]</title><key id="10002">OPS-8</key><attachments/></item>
</channel></rss>"""


def test_jira_xml_with_files_by_issue_key(tmp_path: Path) -> None:
    put(tmp_path, "OPS-7/chat.har")
    write(tmp_path, "jira.xml", JIRA_XML)
    first, second = find_tickets([tmp_path])
    assert (first.id, first.customer, first.at, first.tags) == (
        "OPS-7",
        "Ada <b>",
        "2026-03-02T09:15:00Z",
        ("chat", "slow"),
    )
    assert [a.url for a in first.attachments] == [str(tmp_path / "OPS-7/chat.har")]
    assert (second.id, second.attachments) == ("OPS-8", ())


def test_jira_xml_without_files_knows_their_addresses(tmp_path: Path) -> None:
    path = write(tmp_path, "jira.xml", JIRA_XML)
    first, _ = find_tickets([path], fetch=["https://jira.example.com"])
    assert [a.url for a in first.attachments] == ["https://jira.example.com/secure/attachment/20001/chat.har"]


@pytest.mark.parametrize("what", ["cut", "entities"])
def test_jira_xml_that_is_broken_or_hostile_is_a_reason(what: str, tmp_path: Path) -> None:
    text = JIRA_XML[: JIRA_XML.index("<item><title>[OPS-8]") + 8]
    if what == "entities":
        text = JIRA_XML.replace("<rss", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss', 1)
    found = list(find_tickets([write(tmp_path, "jira.xml", text)]))
    assert "jira.xml" in found[0].id
    assert ("cut off" if what == "cut" else "document type") in found[0].problems[0]
    assert [ticket.id for ticket in found[1:]] == (["OPS-7"] if what == "cut" else [])


def test_jira_json_of_a_search(tmp_path: Path) -> None:
    put(tmp_path, "attachments/OPS-7/chat.har")
    fields = {
        "created": "2026-03-02T10:15:00.000+0100", "labels": ["chat"], "reporter": {"displayName": "Ada"},
        "customfield_10002": [{"id": "3", "name": "Acme", "_links": {"self": "https://j/rest/servicedeskapi/organization/3"}}],
        "attachment": [{"id": "20001", "filename": "chat.har", "content": "https://jira.example.com/rest/api/2/attachment/content/20001"}],
    }  # fmt: skip
    write(
        tmp_path,
        "issues.json",
        {"startAt": 0, "total": 1, "issues": [{"id": "1", "key": "OPS-7", "fields": fields}]},
    )
    (ticket,) = find_tickets([tmp_path])
    assert (ticket.id, ticket.customer, ticket.at, ticket.tags) == (
        "OPS-7",
        "Acme",
        "2026-03-02T09:15:00Z",
        ("chat",),
    )
    assert [a.name for a in ticket.attachments] == ["chat.har"]


def test_intercom_conversations_with_their_parts(tmp_path: Path) -> None:
    conversation = {
        "type": "conversation", "id": "1911149811", "created_at": 1772446500,
        "source": {"author": {"type": "user", "name": "Ada"}, "attachments": [{"type": "upload", "name": "chat.har", "url": "https://downloads.intercom.test/i/o/1/chat.har?expires=1&signature=SECRET"}]},
        "conversation_parts": {"conversation_parts": [{"part_type": "comment", "attachments": [{"name": "net.json", "url": "https://downloads.intercom.test/i/o/2/net.json"}]}, {"part_type": "close"}]},
        "tags": {"type": "tag.list", "tags": [{"id": "1", "name": "chat"}]},
        "contacts": {"contacts": [{"id": "5", "type": "contact", "companies": {"companies": [{"id": "c", "name": "Acme"}]}}]},
    }  # fmt: skip
    write(tmp_path, "conversations.json", {"type": "conversation.list", "conversations": [conversation]})
    (ticket,) = find_tickets([tmp_path], fetch=["https://downloads.intercom.test"])
    assert (ticket.id, ticket.customer, ticket.at, ticket.tags) == (
        "1911149811",
        "Acme",
        "2026-03-02T10:15:00Z",
        ("chat",),
    )
    assert [a.name for a in ticket.attachments] == ["chat.har", "net.json"]
    del conversation["contacts"]
    (other,) = find_tickets([write(tmp_path, "one.json", conversation)])
    assert other.customer == "Ada"
    assert len(other.problems) == 2
    assert "SECRET" not in str(other)


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", [], {}, {"tickets": 3}, {"ticket": {"id": {}, "created_at": [], "via": 1, "comments": [3, {"attachments": 3}]}},
     {"issues": [{"key": "A-1", "fields": {"attachment": [None, {}], "reporter": 3, "labels": {}}}]},
     {"conversations": [{"id": 1, "source": 3, "conversation_parts": [{"attachments": [{"name": 3}]}], "tags": 3, "contacts": 3}]}],
)  # fmt: skip
def test_exports_of_any_shape_do_not_crash(value: Any, tmp_path: Path) -> None:
    path = write(tmp_path, "export.json", value)
    for ticket in find_tickets([path]):
        assert ticket.id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-02", "2026-03-02T00:00:00Z"),
        ("2026-03-02 10:15:00 UTC", "2026-03-02T10:15:00Z"),
        ("2026-03-02T10:15:00.123Z", "2026-03-02T10:15:00Z"),
        ("Mon, 2 Mar 2026 10:15:00 -0500", "2026-03-02T15:15:00Z"),
        (1772446500, "2026-03-02T10:15:00Z"),
        (1772446500123, "2026-03-02T10:15:00Z"),
        ("02/03/2026", None),  # nobody can know which is the month
        ("yesterday", None),
        ("9" * 50, None),
        (float("nan"), None),
        (True, None),
        ({}, None),
    ],
)
def test_times_in_any_notation_are_utc(given: Any, expected: str | None) -> None:
    assert instant(given) == expected


def test_tags_are_words() -> None:
    assert words("a, b;c|d\n e") == ["a", "b", "c", "d", "e"]
    assert words([{"name": "x"}, "y", 3, None, {}]) == ["x", "y", "3"]
    assert words(None) == words({}) == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "[" * 100_000,
        '{"a":' * 50_000,
        "<" * 100_000,
        '"' * 100_000,
        "id,file\n" + '"' * 300_000,
    ],
)
def test_endless_lines_and_nesting_are_no_lists_or_wrong_rows(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, "tickets.csv", text)
    assert all(ticket.id for ticket in find_tickets([path]))
    assert all(ticket.id for ticket in find_tickets([tmp_path]))
