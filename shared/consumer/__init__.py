"""From the topics to effects: one database transaction per batch, exactly once in effect.

`Reader` says what a service hears, `consume` runs it, `Ready` says whether it has caught up.
"""
