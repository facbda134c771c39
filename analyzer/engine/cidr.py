"""`cidr` without an extension: an address column against a network, in plain SQL.

IPv4 becomes one RE2 pattern. IPv6 has many spellings, so the address is first written out in full (32
hexadecimal digits), then compared by prefix. Text that is no address lies in no network; an
IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) counts as the IPv4 address it carries.
"""

from __future__ import annotations

import ipaddress
from typing import Any

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_MAPPED = r"(?:(?i:::ffff:))?"
# Zone index and IPv4 tail are not compared; a text with other characters is no IPv6 address.
_V6_SHAPE = r"^[0-9a-fA-F:]+$"
_V6_WRONG = r"[0-9a-fA-F]{5}|:::|::.*::|^:[^:]|[^:]:$"


def cidr_problem(value: Any) -> str | None:
    """What is wrong with a network as a rule writes it, or None."""
    if not isinstance(value, str):
        return "a network such as 10.0.0.0/8 or fd00::/8"
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return "a network such as 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
    if network.version == 6 and network.network_address in ipaddress.ip_network("::ffff:0:0/96"):
        return "the IPv4 network itself in place of an IPv4-mapped one"
    return None


def cidr_sql(col: str, value: str | list[str]) -> str:
    """The condition for one network or any of a list. NULL stays NULL."""
    parts = [_network_sql(col, item) for item in ([value] if isinstance(value, str) else value)]
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"


def _network_sql(col: str, value: str) -> str:
    network = ipaddress.ip_network(value)
    if isinstance(network, ipaddress.IPv4Network):
        return f"regexp_matches({col}, '{_v4_pattern(network)}')"
    digits = f"{int(network.network_address):032x}"
    whole, rest = divmod(network.prefixlen, 4)
    pattern = "^" + digits[:whole]
    if rest:
        first = int(digits[whole], 16)
        pattern += "[" + "".join(f"{n:x}" for n in range(first, first + (1 << (4 - rest)))) + "]"
    return f"regexp_matches({_expanded_sql(col)}, '{pattern}')"


def _v4_pattern(network: ipaddress.IPv4Network) -> str:
    octets = network.network_address.packed
    whole, rest = divmod(network.prefixlen, 8)
    parts = [str(octet) for octet in octets[:whole]]
    if rest:
        first = octets[whole]
        parts.append("(?:" + "|".join(str(n) for n in range(first, first + (1 << (8 - rest)))) + ")")
    parts += [_OCTET] * (4 - len(parts))
    return "^" + _MAPPED + r"\.".join(parts) + "$"


def _expanded_sql(col: str) -> str:
    """The address as 32 hexadecimal digits; '' for anything else; NULL for NULL."""
    text = f"split_part({col}, '%', 1)"
    left, right = f"split_part({text}, '::', 1)", f"split_part({text}, '::', 2)"

    def groups(part: str) -> str:
        return (
            f"(CASE WHEN {part} = '' THEN 0 ELSE length({part}) - length(replace({part}, ':', '')) + 1 END)"
        )

    def padded(part: str) -> str:
        # Each group padded to four digits: four zeros are put before it, all but its last four dropped.
        return (
            f"(CASE WHEN {part} = '' THEN '' ELSE "
            f"replace(regexp_replace(regexp_replace({part}, '([0-9a-fA-F]+)', '000\\1', 'g'), "
            f"'0*([0-9a-fA-F]{{4}})(:|$)', '\\1\\2', 'g'), ':', '') END)"
        )

    missing = f"(8 - {groups(left)} - {groups(right)})"
    full = (
        f"lower({padded(left)} || repeat('0000', CASE WHEN contains({text}, '::') "
        f"THEN greatest({missing}, 0) ELSE 0 END) || {padded(right)})"
    )
    return (
        f"(CASE WHEN {col} IS NULL THEN NULL "
        f"WHEN NOT regexp_matches({text}, '{_V6_SHAPE}') OR NOT contains({text}, ':') "
        f"OR regexp_matches({text}, '{_V6_WRONG}') "
        f"OR (contains({text}, '::') AND {missing} < 1) THEN '' "
        f"WHEN length({full}) <> 32 THEN '' ELSE {full} END)"
    )
