"""The upload page and its API: captures in, redacted reports out, nothing leaves the machine.

config    what an operator may set                 command   `hangup serve`
guard     who may ask for what, and how often      problems  refusals as RFC 9457 documents
upload    bytes from strangers into private files  spool     those files, and what cleans them up
jobs      reports from queued to expired           progress  who is told, as it happens
run       starts, bounds and ends workers          worker    one analysis in a process of its own
api       /api/v1                                  pages     HTML
metrics   what /metrics counts                     app       all of it together
"""
