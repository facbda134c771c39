"""How many of the bundled captures get the right verdict: `python benchmarks/accuracy.py`.

Compares the verdict on each sample with what really happened (`sample_hars/*.about.yaml` and, one capture
of each framing and recorder, `sample_hars/framings/*.about.yaml`).
"""

from __future__ import annotations

import sys

import yaml

from analyzer.pipeline import analyze
from analyzer.resources import samples


def main() -> int:
    """Print one line per sample and the totals. 1 if a verdict is wrong or a healthy stream is blamed."""
    right = exact = alarms = sure_and_wrong = 0
    found = [*samples(), *samples("framings/*")]
    for about, path in found:
        truth = yaml.safe_load(about.read_text(encoding="utf-8"))
        report = analyze([path])
        mine = [
            s
            for s in report.streams
            if truth["stream"]
            and truth["stream"] in (s.exchange.url or "")
            and s.exchange.method == truth["method"]
        ]
        verdict = mine[0].verdict if mine else None
        got = verdict.cause if verdict else None
        ok = got in (truth["cause"], *truth["also_right"])
        right += ok
        exact += got == truth["cause"]
        sure_and_wrong += bool(verdict and verdict.confidence == "certain" and not ok)
        alarms += sum(
            s.verdict.severity in ("failed", "degraded")
            and s not in mine
            and any(h in (s.exchange.url or "") for h in truth["healthy"])
            for s in report.streams
        )
        name = about.name.removesuffix(".about.yaml")
        print(
            f"{'right' if ok else 'WRONG':5}  {name:24} {got or 'no stream':24} "
            f"{verdict.confidence if verdict else '':9} really: {truth['cause'] or 'no stream'}"
        )
    print(
        f"\n{right} of {len(found)} right, {exact} by the exact cause, {alarms} false alarms, {sure_and_wrong} certain and wrong"
    )
    return 0 if right == len(found) and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
