"""The site itself: its log, visitors who agreed to be known, choices, trackers, the policy."""
