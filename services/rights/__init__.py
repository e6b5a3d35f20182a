"""Rights: requests of people, the addresses they name, and what became of them."""
