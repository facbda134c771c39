"""From what was recorded to what a rule may ask: the columns that intake alone cannot fill.

`build` fills one row from its headers, its body and its protocol; `context` fills what only the
whole capture can tell. Both write into the exchange in place and know nothing of rules.
"""
