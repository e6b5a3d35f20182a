"""What services tell each other: messages, bytes, proofs, certificate. Imports nothing of ours."""
