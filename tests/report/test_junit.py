"""JUnit XML: well formed whatever a capture holds, one case per stream, failures where they belong."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from analyzer.model import CaptureInfo
from analyzer.report.junit import legal, render_junit
from tests.report.reports import HOSTILE, many, report


def test_one_case_per_stream_and_a_failure_for_each_failed_one() -> None:
    root = ET.fromstring(render_junit(many(20)))
    assert root.tag == "testsuites"
    assert root.attrib["tests"] == "20"
    assert root.attrib["failures"] == "5"
    assert len(root.findall(".//testcase")) == 20
    assert {f.attrib["type"] for f in root.findall(".//failure")} == {"gateway-idle-timeout"}


def test_degraded_streams_fail_when_asked() -> None:
    root = ET.fromstring(render_junit(many(20), degraded_fails=True))
    assert root.attrib["failures"] == "10"
    assert len(root.findall(".//failure")) == 10


def test_hostile_text_stays_text() -> None:
    everything = HOSTILE + "".join(map(chr, range(0x20))) + "\x7f\x85\ufffe\uffff<!--<![CDATA["
    root = ET.fromstring(render_junit(report(text=everything)).encode("utf-8"))
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.text is not None
    assert "<script>alert(1)</script>" in failure.text
    assert "\x1b" not in ET.tostring(root, encoding="unicode")


def test_characters_that_xml_forbids_are_gone() -> None:
    # XML 1.0 (Fifth Edition), production [2].
    for code in (0, 1, 8, 0xB, 0xC, 0xE, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF):
        assert chr(code) not in legal(f"a{chr(code)}b")


def test_unreadable_capture_is_an_error() -> None:
    value = report([])
    value.captures = [CaptureInfo(path="a.har", error="not JSON")]
    root = ET.fromstring(render_junit(value))
    assert root.attrib["errors"] == "1"
    error = root.find(".//error")
    assert error is not None
    assert error.attrib["message"] == "not JSON"


def test_warnings_are_in_system_err() -> None:
    found = ET.fromstring(render_junit(report())).find(".//system-err")
    assert found is not None
    assert "$.log.entries[3].time is missing" in (found.text or "")
