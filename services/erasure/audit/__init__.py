"""The auditor: reads the topic from its start and works everything out again, trusting nobody.

It runs the same reducer as the service, needs no database, and says the same on every machine.
"""
