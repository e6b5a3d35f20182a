"""What can go wrong while the embedded stack starts, each in a sentence that says what to do."""


class StackError(Exception):
    """The embedded stack cannot start or go on; the text is shown to the operator as it is."""


class AnotherInstance(StackError):  # noqa: N818 (it is a state of the machine, named as one says it)
    """Another instance holds the same state folder."""


class PortTaken(StackError):  # noqa: N818
    """A port that we were told to use belongs to somebody else."""


class JarsDiffer(StackError):  # noqa: N818
    """A downloaded file is not the file that the committed list names."""


class NoJava(StackError):  # noqa: N818
    """There is no Java, or none that the broker accepts."""


class NoSpace(StackError):  # noqa: N818
    """The disk is too small for what is about to be written."""


class NotReady(StackError):  # noqa: N818
    """A child ended or did not become ready in time."""
