"""What the web refuses. The first sentence of each docstring is shown; German is in the texts."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.errors import Refused
from shared.web.forms import Form


class NotUnderstood(Refused):
    """The request could not be read. Send it again from the form."""

    status = 400
    problem = "not-understood"


class NotUtf8(Refused):
    """The text is not in UTF-8. Send it again as UTF-8 without a byte order mark."""

    status = 400
    problem = "not-utf-8"


class NullCharacter(Refused):
    """A field contains a null character. Remove it and send again."""

    status = 400
    problem = "null-character"


class BrokenForm(Refused):
    """The form arrived incomplete. Send it again."""

    status = 400
    problem = "broken-form"


class RepeatedField(Refused):
    """A field was sent more than once. Send each field once."""

    status = 400
    problem = "repeated-field"


class UnknownField(Refused):
    """There is a field that this form does not have. Send only the fields of the form."""

    status = 422
    problem = "unknown-field"


class TooManyFields(Refused):
    """There are too many fields. Send only the fields of the form."""

    status = 413
    problem = "too-many-fields"


class BodyTooLarge(Refused):
    """This is too much text. Shorten it and send again."""

    status = 413
    problem = "body-too-large"


class BodyTooSlow(Refused):
    """The request took too long to arrive. Send it again."""

    status = 408
    problem = "too-slow"


class Compressed(Refused):
    """The content is compressed. Send it without Content-Encoding."""

    status = 415
    problem = "compressed"


class WrongType(Refused):
    """This content type is not read here. Send a form or JSON in UTF-8."""

    status = 415
    problem = "wrong-type"


class AmbiguousLength(Refused):
    """The request states its length in two ways. Send either Content-Length or chunks."""

    status = 400
    problem = "ambiguous-length"


class NotJson(Refused):
    """This is not JSON. Send one JSON object as RFC 8259 defines it."""

    status = 400
    problem = "not-json"


class DuplicateKey(Refused):
    """A JSON object has the same key twice. Send each key once."""

    status = 400
    problem = "duplicate-key"


class NumberOutOfRange(Refused):
    """A number is not finite or has too many digits. Send a smaller one."""

    status = 400
    problem = "number-out-of-range"


class TooDeep(Refused):
    """The JSON is nested too deeply. Send a flatter one."""

    status = 400
    problem = "too-deep"


class WrongValue(Refused):
    """A value has the wrong type or a key is unknown. Send what this path describes."""

    status = 422
    problem = "wrong-value"


class CrossSite(Refused):
    """This was sent from a page of another site. Open the form here and send it again."""

    status = 403
    problem = "cross-site"


class AnsweredOtherwise(Refused):
    """This form was sent already with other entries. Open it again to send something new."""

    status = 422
    problem = "answered-otherwise"


class MethodNotAllowed(Refused):
    """This page cannot be used that way. Open it from its form or link."""

    status = 405
    problem = "method-not-allowed"


class NotCaughtUp(Refused):
    """This page waits until all messages are read after a restart. Try again in some minutes."""

    status = 503
    problem = "not-caught-up"


class Failed(Refused):
    """Something went wrong here. Try again in some minutes."""

    status = 500
    problem = "failed"


class FormRefused(Exception):  # noqa: N818
    """A form comes back: same page, filled as typed, with a sentence at each field.

    `codes` maps a field name to the code of its text (`fields.<code>`); the name `form_id` stands
    for the whole form. It carries what was typed, so its text is empty and it is never logged.
    """

    def __init__(
        self,
        form: Form,
        typed: Mapping[str, str],
        codes: Mapping[str, str],
        *,
        status: int = 422,
        problem: str = "form-refused",
    ) -> None:
        """Keep what the page needs to show the form again."""
        super().__init__()
        self.form = form
        self.typed = MappingProxyType(dict(typed))
        self.codes = MappingProxyType(dict(codes))
        self.status = status
        self.problem = problem
