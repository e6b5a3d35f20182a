"""Accounts: sign-up, sign-in, the account page, protected documents, promotion mails."""
