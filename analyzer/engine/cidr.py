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
_MAPPED_HEX = "0" * 20 + "ffff"
# A text with other characters is no IPv6 address, nor is one with an overlong group or a stray colon.
_V6_SHAPE = r"^[0-9a-f:]*:[0-9a-f:]*$"
_V6_WRONG = r"[0-9a-f]{5}|:::|::.*::|^:[^:]|[^:]:$"


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
    full = _expanded_sql(col)
    if isinstance(network, ipaddress.IPv4Network):
        written_in_hex = _hex_pattern(
            f"{0xFFFF << 32 | int(network.network_address):032x}", 96 + network.prefixlen
        )
        return (
            f"(CASE WHEN contains({col}, ':') AND NOT contains({col}, '.') "
            f"THEN regexp_matches({full}, '{written_in_hex}') "
            f"ELSE regexp_matches({col}, '{_v4_pattern(network)}') END)"
        )
    pattern = _hex_pattern(f"{int(network.network_address):032x}", network.prefixlen)
    return f"(regexp_matches({full}, '{pattern}') AND NOT starts_with({full}, '{_MAPPED_HEX}'))"


def _hex_pattern(digits: str, length: int) -> str:
    """All 32-digit addresses that share the first `length` bits with `digits`."""
    whole, rest = divmod(length, 4)
    pattern = "^" + digits[:whole]
    if rest:
        first = int(digits[whole], 16)
        pattern += "[" + "".join(f"{n:x}" for n in range(first, first + (1 << (4 - rest)))) + "]"
    return pattern + f"[0-9a-f]{{{32 - whole - bool(rest)}}}$"


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
    text = f"lower(split_part({col}, '%', 1))"  # without a zone index
    groups = f"len(list_filter(string_split({text}, ':'), lambda g: g <> ''))"
    # `::` stands for as many zero groups as are missing to eight.
    whole = f"trim(replace({text}, '::', ':' || repeat('0:', 8 - {groups})), ':')"
    full = f"array_to_string(list_transform(string_split({whole}, ':'), lambda g: lpad(g, 4, '0')), '')"
    return (
        f"(CASE WHEN {col} IS NULL THEN NULL "
        f"WHEN NOT regexp_matches({text}, '{_V6_SHAPE}') OR regexp_matches({text}, '{_V6_WRONG}') "
        f"OR (contains({text}, '::') AND {groups} > 7) THEN '' ELSE {full} END)"
    )
