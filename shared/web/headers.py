"""Headers that every answer carries unless its route says otherwise."""

from collections.abc import Mapping, Sequence

HSTS_SECONDS = 2 * 365 * 24 * 3600


def content_security_policy(
    frame_ancestors: Sequence[str] = (), sources: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Give the policy of a page: own style sheet, own forms, no script; frames only where named.

    `sources`: by directive, what somebody allowed this page to load besides.
    """
    ancestors = " ".join(frame_ancestors) or "'none'"
    directives = {"style-src": ["'self'"], "img-src": ["'self'"]}
    for directive, hosts in (sources or {}).items():
        directives.setdefault(directive, []).extend(hosts)
    loads = "; ".join(f"{name} {' '.join(hosts)}" for name, hosts in directives.items())
    return (
        f"default-src 'none'; {loads}; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {ancestors}"
    )


def security_headers(*, https: bool) -> list[tuple[bytes, bytes]]:
    """Give names (lower case) and values; HSTS only where our links begin with https.

    `same-origin` and not `no-referrer`: the latter makes browsers post `Origin: null`.
    """
    headers = {
        "content-security-policy": content_security_policy(),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if https:
        headers["strict-transport-security"] = f"max-age={HSTS_SECONDS}; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
