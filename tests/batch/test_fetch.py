"""Attachments as local files: in place, out of archives, from addresses; gone afterwards, whatever happens."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import pytest

from analyzer.batch import address
from analyzer.batch.fetch import Fetched, FetchLimits, fetched, fingerprint, plain_name
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.sources import find_tickets
from analyzer.errors import UsageError
from tests.batch.test_sources import HAR, packed, put


def contents(found: Fetched) -> list[bytes]:
    return [path.read_bytes() for path in found.paths]


def of(*attachments: Attachment, problems: tuple[str, ...] = ()) -> Ticket:
    return Ticket(id="t", attachments=attachments, problems=problems)


def test_a_local_file_is_used_where_it_is(tmp_path: Path) -> None:
    put(tmp_path, "a.har")
    with fetched(of(Attachment(url=str(tmp_path / "a.har"), name="a.har")), tmp_path / "room") as found:
        assert found.paths == [tmp_path / "a.har"]
    assert not (tmp_path / "room").exists()


def test_members_of_archives_in_archives_are_private_copies_and_gone_afterwards(tmp_path: Path) -> None:
    inner = packed({"4711/a.har": b"one", "4711/logs/a.har": b"two", "4712/a.har": b"x"})
    put(tmp_path, "all.zip", content=packed({"part.zip": inner, "more.zip": packed(["1/a.har", "2/a.har"])}))
    ticket = next(t for t in find_tickets([tmp_path / "all.zip"]) if t.id == "4711")
    room = tmp_path / "room"
    room.mkdir()
    with pytest.raises(ZeroDivisionError), fetched(ticket, room) as found:
        assert contents(found) == [b"one", b"two"]
        assert [path.name for path in found.paths] == ["a.har", "a-2.har"]
        assert all(path.stat().st_mode & 0o077 == 0 for path in found.paths)
        assert found.paths[0].parent.stat().st_mode & 0o077 == 0
        raise ZeroDivisionError
    assert list(room.iterdir()) == []


def test_what_cannot_be_had_is_a_problem_and_the_rest_is_there(tmp_path: Path) -> None:
    put(tmp_path, "a.har", "e.zip", content=packed(["x.har"]))
    (tmp_path / "folder").mkdir()
    zip_url = str(tmp_path / "e.zip")
    ticket = of(
        Attachment(url=str(tmp_path / "gone.har"), name="gone.har"),
        Attachment(url=str(tmp_path / "folder"), name="folder"),
        Attachment(url=zip_url, name="y.har", members=("y.har",)),
        Attachment(url=zip_url, name="z.har", members=("x.har", "z.har")),
        Attachment(url="nonsense://x/y", name="n.har"),
        Attachment(url=zip_url, name="x.har", members=("x.har",)),
        problems=("before: known",),
    )
    with fetched(ticket, tmp_path) as found:
        assert contents(found) == [HAR]
        assert found.problems == [
            "before: known",
            "gone.har: it is not there",
            "folder: it is no regular file",
            "y.har: it is not in the archive any more",
            "z.har: its directory is missing: the file is cut",
            "n.har: no known kind of address",
        ]


def test_copies_stop_at_the_limits(tmp_path: Path) -> None:
    put(tmp_path, "e.zip", content=packed({"a": b"x" * 900_000, "b": b"x" * 900_000, "c": b"x" * 2_000_000}))
    ticket = of(*(Attachment(url=str(tmp_path / "e.zip"), name=n, members=(n,)) for n in "abc"))
    with fetched(ticket, tmp_path, limits=FetchLimits(attachment=1 << 20, ticket=3 << 19)) as found:
        assert [path.name for path in found.paths] == ["a"]
        assert "with it the ticket's attachments are larger" in found.problems[0]
        assert found.problems[1].startswith("c: ")


def test_a_bomb_is_refused_before_it_expands(tmp_path: Path) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.har", "w", force_zip64=True) as file,
    ):
        for _ in range(300):
            file.write(b"\0" * (1 << 20))
    (tmp_path / "e.zip").write_bytes(out.getvalue())
    ticket = of(Attachment(url=str(tmp_path / "e.zip"), name="bomb.har", members=("bomb.har",)))
    with fetched(ticket, tmp_path) as found:
        assert found.paths == []
        assert found.problems == ["bomb.har: it expands far more than a capture does"]


def test_bodies_beside_a_har_are_brought_along_and_are_no_captures(tmp_path: Path) -> None:
    body = b"data: hello\n\n"
    name = f"{hashlib.sha1(body).hexdigest()}.txt"
    put(tmp_path, "e.zip", content=packed({"1/a.har": HAR, f"1/{name}": body, "2/a.har": HAR}))
    ticket = next(iter(find_tickets([tmp_path / "e.zip"])))
    with fetched(ticket, tmp_path) as found:
        assert [path.name for path in found.paths] == ["a.har"]
        assert (found.paths[0].parent / name).read_bytes() == body


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.har", "a.har"),
        (".bashrc", "bashrc"),
        ("a\x1b[2J\n.har", "a_[2J_.har"),
        ("", "attachment"),
        ("..", "attachment"),
        ("ü" * 300 + ".har", None),
    ],
)
def test_names_of_copies_cannot_leave_the_folder(given: str, name: str | None) -> None:
    found = plain_name(given)
    assert len(found.encode()) <= 150
    assert name is None or found == name


def test_fingerprints_change_with_the_content(tmp_path: Path) -> None:
    put(tmp_path, "a.har", "e.zip", content=packed(["x.har"]))
    local = Attachment(url=str(tmp_path / "a.har"), name="a.har")
    member = Attachment(url=str(tmp_path / "e.zip"), name="x.har", members=("x.har",))
    before = fingerprint(local), fingerprint(member)
    assert None not in before
    assert (fingerprint(local), fingerprint(member)) == before
    put(tmp_path, "a.har", "e.zip", content=packed({"x.har": b"other"}))
    assert fingerprint(local) != before[0]
    assert fingerprint(member) != before[1]
    assert fingerprint(Attachment(url=str(tmp_path / "gone"), name="gone")) is None


# ---------------------------------------------------------------------------------- addresses


@pytest.fixture
def bucket() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for name in ("4711/chat.har", "4711/access.log", "4712/chat.har"):
        system.pipe(f"/bucket/tickets/{name}", name.encode())
    yield "memory://bucket/tickets"
    system.rm("/bucket", recursive=True)


def test_a_folder_at_an_address_is_read_like_one_of_this_machine(bucket: str, tmp_path: Path) -> None:
    found = list(find_tickets([bucket]))
    assert [(t.id, [a.name for a in t.attachments]) for t in found] == [
        ("4711", ["access.log", "chat.har"]), ("4712", ["chat.har"]),
    ]  # fmt: skip
    with fetched(found[0], tmp_path) as files:
        assert contents(files) == [b"4711/access.log", b"4711/chat.har"]
    assert [t.id for t in find_tickets([f"{bucket}/*/chat.har"])] == ["4711", "4712"]


def test_tickets_in_a_zip_at_an_address(bucket: str, tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe("/bucket/all.zip", packed(["1001/a.har", "1002/a.har"]))
    found = list(find_tickets(["memory://bucket/all.zip"]))
    assert [t.id for t in found] == ["1001", "1002"]
    with fetched(found[1], tmp_path) as files:
        assert contents(files) == [HAR]


class _Answers(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if "secret" in self.path:
            self.send_error(403)
        else:
            super().do_GET()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    put(tmp_path / "web", "a.har", "4711/b.har")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Answers, directory=str(tmp_path / "web"))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_addresses_of_the_web_are_fetched_and_refusals_are_told_without_secrets(
    web: str, tmp_path: Path
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    ticket = of(
        Attachment(url=f"{web}/a.har?token=CanaryToken", name="a.har"),
        Attachment(url=f"{web}/secret/CanaryToken?x=CanaryToken", name="b.har"),
        Attachment(url=f"{web}/gone.har?x=CanaryToken", name="c.har"),
        Attachment(url="http://127.0.0.1:1/x?x=CanaryToken", name="d.har"),
    )
    with fetched(ticket, room) as found:
        assert contents(found) == [HAR]
        assert len(found.problems) == 3
        assert "CanaryToken" not in " ".join(found.problems)
        assert found.problems[1] == "c.har: it is not there"
    assert list(room.iterdir()) == []


def test_a_file_at_an_address_is_one_ticket(web: str) -> None:
    (ticket,) = find_tickets([f"{web}/a.har"])
    assert (ticket.id, ticket.attachments[0].name) == ("a", "a.har")


def test_a_backend_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install s3fs")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(UsageError, match=r"hangup\[s3\]"):
        list(find_tickets(["s3://bucket/tickets"]))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@Desk.example.com/attachments/token/abc/?name=x", "https://desk.example.com/…"),
        ("s3://key:secret@bucket/tickets/a.har?versionId=1", "s3://bucket/tickets/a.har"),
        ("zip://a.har::https://u:p@h/x", "zip://a.har/::https://h/…"),
        ("/tmp/a.har", "/tmp/a.har"),
    ],
)
def test_addresses_are_shown_without_their_secrets(url: str, shown: str) -> None:
    assert address.shown(url) == shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://desk.example.com/x", True),
        ("https://user:pw@desk.example.com/x", True),
        ("https://desk.example.com@evil.example/x", False),
        ("https://evil.example#@desk.example.com/", False),
        ("https://evil.example\\@desk.example.com/", False),
        ("https://desk.example.com.evil.example/x", False),
        ("http://desk.example.com/x", False),
        ("https://desk.example.com:8443/x", False),
        ("file:///etc/passwd", False),
        ("zip://x::https://desk.example.com/x", False),
        ("simplecache::https://desk.example.com/x", False),
        ("github://org:repo@/x", False),
    ],
)
def test_only_an_allowed_place_is_followed_from_a_list(url: str, expected: bool) -> None:
    assert address.allowed(url, {"https://desk.example.com"}) is expected


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://acme.zendesk.com/attachments/token/SECRET/?name=chat.har", "chat.har"),
        ("https://acme.zendesk.com/attachments/token/SECRET", "attachment"),
        ("https://desk.example.com/files/chat%20one.har?sig=SECRET", "chat one.har"),
        ("s3://bucket/4711/10011", "10011"),
        ("s3://bucket", "attachment"),
        ("http://[::1/x.har", "attachment"),
        ("/tickets/4711/100%25.har", "100%25.har"),
        ("C:\\tickets\\a.har", "a.har"),
    ],
)
def test_an_attachment_is_called_by_its_name_and_not_by_a_token(url: str, name: str) -> None:
    assert address.name_of(url) == name
