"""The certificate on paper: a copy for people, made from the envelope alone."""

from services.erasure.printing.paper import issued_path, print_certificate

__all__ = ["issued_path", "print_certificate"]
