"""What can be rebuilt from the topics and may be lost without harm, on Faust."""
