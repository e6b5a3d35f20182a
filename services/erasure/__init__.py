"""The ledger of erasures: counts who answered, certifies, keeps evidence; knows no person."""
