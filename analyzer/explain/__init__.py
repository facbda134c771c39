"""`hangup explain TERM`: what the names of a stream's end mean, who is behind them, and what to do.

entries.py   the glossary: one Entry per term, read and checked from data/*.yaml
lookup.py    what somebody typed -> entries, or the nearest suggestions
render.py    an entry -> plain text or Markdown
limits.py    the timeouts and limits of well-known products (also used by the diagnosis)
docs.py      writes docs/reference/, docs/timeouts.md and docs/causes.md from the same data
"""
