"""Every SQL statement of the ledger, by what it is about; each takes a whole batch."""
