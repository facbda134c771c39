"""What may leave the machine: by allow-list, before anything is rendered or stored."""

from analyzer.redact.redactor import Redactor

__all__ = ["Redactor"]
