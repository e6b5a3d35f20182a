"""From a committed transaction to the topics: the relay, and the topics themselves.

The rows are written at commit by `shared/database/transaction.py`; here they are sent,
acknowledged and deleted.
"""
