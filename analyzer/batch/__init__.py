"""Many tickets: each one case with one report, and one page about what they have in common."""
