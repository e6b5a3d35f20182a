"""The newsletter: sign-ups that wait for a click, subscribers, and which issue went to whom."""
