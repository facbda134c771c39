"""Tickets, wherever a ticket system has put them: folders, ZIPs, lists, exports and addresses."""

from __future__ import annotations

from analyzer.batch.sources.find import LAYOUTS, find_tickets

__all__ = ["LAYOUTS", "find_tickets"]
