"""Folders, loose files, ZIPs and patterns: what becomes a ticket, and under which id."""

from __future__ import annotations

import errno
import io
import os
import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from analyzer.batch.model import Ticket
from analyzer.batch.sources import find_tickets
from analyzer.batch.sources.names import is_document, stem, ticket_of
from analyzer.batch.sources.spool import Groups, Unique, ordered
from analyzer.errors import UsageError

HAR = b'{"log": {"entries": []}}'


def put(root: Path, *names: str, content: bytes = HAR) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def packed(names: Iterable[str] | dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    given = names if isinstance(names, dict) else dict.fromkeys(names, HAR)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in given.items():
            archive.writestr(name, content)
    return out.getvalue()


def names(tickets: Iterable[Ticket]) -> dict[str, list[str]]:
    return {ticket.id: [attachment.name for attachment in ticket.attachments] for ticket in tickets}


def test_a_folder_is_a_ticket_with_everything_below_it(tmp_path: Path) -> None:
    put(
        tmp_path,
        "4711/chat.har",
        "4711/logs/access.log",
        "4711/screen.png",
        "4712/netlog.json",
        "4712/.hidden",
    )
    assert names(find_tickets([tmp_path])) == {"4711": ["chat.har", "access.log"], "4712": ["netlog.json"]}


def test_folders_that_only_group_are_no_tickets_and_folders_of_a_kind_are_none_either(tmp_path: Path) -> None:
    put(tmp_path, "2026-03/4711/a.har", "2026-03/4712/a.har", "4713/har/a.har", "4713/logs/b.log")
    put(tmp_path, "PROJ/10000/PROJ-7/10011")
    assert names(find_tickets([tmp_path])) == {
        "2026-03/4711": ["a.har"], "2026-03/4712": ["a.har"], "4713": ["a.har", "b.log"], "PROJ-7": ["10011"],
    }  # fmt: skip


def test_an_empty_folder_is_a_ticket_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "4711").mkdir()
    put(tmp_path, "4712/a.har")
    found = {ticket.id: ticket for ticket in find_tickets([tmp_path])}
    assert found["4711"].problems == ("the folder holds no capture",)
    assert found["4712"].problems == ()


def test_loose_files_of_one_number_or_one_stem_are_one_ticket(tmp_path: Path) -> None:
    put(
        tmp_path,
        "4711-chat.har",
        "4711-access.log",
        "chat.har",
        "chat.netlog.json.gz",
        "other.har",
        "README.md",
    )
    assert names(find_tickets([tmp_path])) == {
        "4711": ["4711-access.log", "4711-chat.har"],
        "chat": ["chat.har", "chat.netlog.json.gz"],
        "other": ["other.har"],
    }


@pytest.mark.parametrize(
    ("name", "ticket"),
    [
        ("4711-chat.har", "4711"),
        ("Ticket 4711 chat.har", "4711"),
        ("#4711_access.log", "4711"),
        ("PROJ-12 foo.har", "PROJ-12"),
        ("INC0012345-a.har", "INC0012345"),
        ("2026-03-02-chat.har", "2026-03-02-chat"),  # a date is no ticket
        ("20260302_101500.har", "20260302_101500"),
        ("1772445600.har", "1772445600"),
        ("chat.har.gz", "chat"),
        ("access.log.1", "access"),
        ("12-a.har", "12-a"),  # too short for a number of a ticket
        ("4711chat.har", "4711chat"),
        ("app.example.com.har", "app.example.com"),
        (".har", ".har"),
    ],
)
def test_a_loose_file_belongs_to_the_ticket_its_name_begins_with(name: str, ticket: str) -> None:
    assert ticket_of(name) == ticket


def test_what_people_attach_beside_captures_is_left_out() -> None:
    assert all(map(is_document, ("shot.PNG", "mail.eml", "README.txt", "film.mp4", "page.html")))
    assert not any(map(is_document, ("a.har", "access.log", "log", "har.txt", "a.json", "a.zip", "10011")))
    assert stem("a.netlog.json.gz") == "a"


def test_a_zip_per_ticket(tmp_path: Path) -> None:
    put(tmp_path, "4711.zip", content=packed(["chat.har", "access.log"]))
    put(tmp_path, "4712.zip", content=packed(["4712/chat.har", "4712/access.log"]))
    found = list(find_tickets([tmp_path]))
    assert names(found) == {"4711": ["4711.zip"], "4712": ["4712.zip"]}
    assert all(attachment.members == () for ticket in found for attachment in ticket.attachments)


@pytest.mark.parametrize("top", ["", "export/"])
def test_a_zip_of_ticket_folders_and_zips_in_it(top: str, tmp_path: Path) -> None:
    inner = packed(["chat.har"])
    content = {
        f"{top}4711/chat.har": HAR,
        f"{top}4712/logs/a.log": HAR,
        f"{top}4713.zip": inner,
        f"{top}notes.pdf": HAR,
    }
    put(tmp_path, "export.zip", content=packed(content))
    found = list(find_tickets([tmp_path / "export.zip"]))
    assert names(found) == {"4713": ["4713.zip"], "4711": ["chat.har"], "4712": ["a.log"]}
    assert found[1].attachments[0].members == (f"{top}4711/chat.har",)
    assert names(find_tickets([tmp_path])) == names(found)


def test_a_zip_of_zips_of_ticket_folders(tmp_path: Path) -> None:
    part = packed(["4711/a.har", "4712/a.har"])
    put(
        tmp_path,
        "all.zip",
        content=packed({"part1.zip": part, "part2.zip": packed(["4713/a.har", "4714/a.har"])}),
    )
    found = list(find_tickets([tmp_path / "all.zip"]))
    assert [ticket.id for ticket in found] == ["4711", "4712", "4713", "4714"]
    assert found[3].attachments[0].members == ("part2.zip", "4714/a.har")


def test_one_capture_in_a_zip_is_one_ticket(tmp_path: Path) -> None:
    put(tmp_path, "4711.zip", content=packed(["chat.har", "more/other.har"]))
    assert names(find_tickets([tmp_path / "4711.zip"])) == {"4711": ["4711.zip"]}


def test_members_that_lead_out_of_a_zip_are_not_tickets(tmp_path: Path) -> None:
    put(
        tmp_path,
        "e.zip",
        content=packed(["../evil/x.har", "/etc/x.har", "a//b.har", "1000/a.har", "1001/a.har"]),
    )
    found = list(find_tickets([tmp_path / "e.zip"]))
    assert {"1000", "1001"} <= {ticket.id for ticket in found}
    assert not any(".." in ticket.id or "evil" in ticket.id for ticket in found)


def test_ids_are_unique_and_a_clash_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a/4711/x.har", "b/4711/x.har", "c/4711/x.har")
    told: list[str] = []
    found = find_tickets([tmp_path / "a", tmp_path / "b", tmp_path / "c"], tell=told.append)
    assert [ticket.id for ticket in found] == ["4711", "4711 (2)", "4711 (3)"]
    assert sum("two tickets are called 4711" in line for line in told) == 2


def test_the_layout_is_said(tmp_path: Path) -> None:
    put(tmp_path, "4711/x.har", "loose.har")
    told: list[str] = []
    list(find_tickets([tmp_path], tell=told.append))
    assert told == [
        f"{tmp_path}: a folder per ticket; files beside them are tickets too, those of one ticket number together"
    ]
    told.clear()
    assert names(find_tickets([tmp_path], layout="files", tell=told.append)) == {"loose": ["loose.har"]}
    assert "every file is a ticket" in told[0]


def test_patterns_put_the_files_of_one_folder_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        tmp_path,
        "t/4711/a.har",
        "t/4711/b.har",
        "t/4711/c.log",
        "t/4712/deep/a.har",
        "t/4713-x.har",
        "t/.no/a.har",
    )
    expected = {"4713": ["4713-x.har"], "4711": ["a.har", "b.har"], "4712/deep": ["a.har"]}
    assert names(find_tickets([f"{tmp_path}/t/**/*.har"])) == expected
    monkeypatch.chdir(tmp_path)
    assert names(find_tickets(["t/**/*.har"])) == expected
    assert names(find_tickets(["t/471[12]"])) == {"4711": ["a.har", "b.har", "c.log"], "4712": ["a.har"]}
    with pytest.raises(UsageError, match="nothing matches"):
        list(find_tickets(["t/**/*.nothing"]))


def test_files_that_the_shell_has_listed_are_grouped_like_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "4711-a.har", "4711-b.log", "x/4711-c.har")
    listed = [tmp_path / "4711-a.har", tmp_path / "4711-b.log", tmp_path / "x/4711-c.har"]
    assert names(find_tickets(listed)) == {"4711": ["4711-a.har", "4711-b.log"], "4711 (2)": ["4711-c.har"]}


def test_a_file_called_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    put(tmp_path, "chat[1].har")
    assert names(find_tickets([tmp_path / "chat[1].har"])) == {"chat[1]": ["chat[1].har"]}


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "secret.log", "t/4711/a.har")
    (tmp_path / "t/4711/b.log").symlink_to(tmp_path / "secret.log")
    (tmp_path / "t/4711/inside.har").symlink_to(tmp_path / "t/4711/a.har")
    (tmp_path / "t/4711/circle").symlink_to(tmp_path / "t")
    (ticket,) = find_tickets([tmp_path / "t"])
    assert [attachment.name for attachment in ticket.attachments] == ["a.har", "inside.har"]
    assert ticket.problems == ("b.log: it leads out of the folder, so it is not followed",)


def test_a_folder_that_may_not_be_read_is_a_ticket_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "4711/a.har", "4712/a.har")
    listing = os.scandir

    def denied(path: Path | int) -> object:
        if isinstance(path, Path) and path.name == "4711":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listing(path)

    monkeypatch.setattr("os.scandir", denied)
    found = list(find_tickets([tmp_path]))
    assert found[0].problems == ("the folder cannot be read (permission denied)",)
    assert [ticket.id for ticket in found] == ["4711", "4712"]


@pytest.mark.parametrize("kind", ["loose files", "rows"])
def test_memory_does_not_grow_with_the_number_of_tickets(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.batch.sources.spool._IN_MEMORY", 100)
    peaks = []
    for count in (1_200, 300, 1_200):  # the first time fills caches
        folder = tmp_path / f"{len(peaks)}"
        folder.mkdir()
        if kind == "rows":
            rows = "".join(f"{n},Acme,x{n}.har\n" for n in range(count))
            (folder / "tickets.csv").write_text(f"id,customer,file\n{rows}")
        else:
            for n in range(count):
                (folder / f"{100_000 + n}-chat.har").touch()
        tracemalloc.start()
        assert sum(1 for _ in find_tickets([folder])) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 100_000


def test_a_record_of_the_ticket_system_in_the_folder_says_who_and_when(tmp_path: Path) -> None:
    put(tmp_path, "4711/chat.har")
    record = b'{"ticket": {"id": 4711, "created_at": "2026-03-02T10:15:00+01:00", "tags": ["chat"], "via": {}, "requester": {"name": "Acme"}}}'
    put(tmp_path, "4711/ticket.json", content=record)
    (ticket,) = find_tickets([tmp_path])
    assert (ticket.customer, ticket.at, ticket.tags) == ("Acme", "2026-03-02T09:15:00Z", ("chat",))
    assert [attachment.name for attachment in ticket.attachments] == ["chat.har"]


def test_wrong_arguments_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        find_tickets([tmp_path / "gone"])
    with pytest.raises(UsageError, match="unknown layout"):
        find_tickets([tmp_path], layout="freshdesk")
    with pytest.raises(UsageError, match="nothing to read"):
        find_tickets([])
    with pytest.raises(UsageError, match="no place to fetch from"):
        find_tickets([tmp_path], fetch=["file:///etc"])
    with pytest.raises(UsageError, match="no export of Zendesk is in this folder"):
        list(find_tickets([tmp_path], layout="zendesk"))


def test_the_order_is_the_same_however_many_there_are() -> None:
    many = [(f"{number * 7919 % 30_000:05d}", "ü\udcff") for number in range(30_000)]
    assert list(ordered(many)) == sorted(many)
    assert list(ordered([])) == []


def test_groups_come_in_the_order_of_their_first_member() -> None:
    groups = Groups()
    for key, value in (("b", b"1"), ("a", b"2"), ("b", b"3")):
        groups.add(key, value)
    assert list(groups) == [[b"1", b"3"], [b"2"]]
    groups.close()


def test_an_id_that_looks_like_a_resolved_clash_is_kept_apart_too() -> None:
    ids = Unique()
    assert [ids.take(id) for id in ("a", "a (2)", "a", "a")] == ["a", "a (2)", "a (3)", "a (4)"]
    ids.close()
