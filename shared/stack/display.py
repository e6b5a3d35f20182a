"""What a person sees while the stack starts: one line per step, a bar for downloads."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


class Display(Protocol):
    """Where steps, progress and sentences go."""

    def say(self, sentence: str) -> None:
        """Show a sentence that stays."""

    def step(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Show that something begins, and how long it took when it ends."""

    def progress(self, name: str, done: int, of: int) -> None:
        """Show how far a step is; `done == of` ends it."""


class Silent:
    """Shows nothing."""

    def say(self, sentence: str) -> None:
        """Drop the sentence."""

    def step(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Show nothing about `name`."""
        del name
        return contextlib.nullcontext()

    def progress(self, name: str, done: int, of: int) -> None:
        """Show no bar."""


class Terminal:
    """Writes to the terminal with rich: a spinner while it lasts, a line that stays."""

    def __init__(self, console: Console | None = None) -> None:
        """Take the console to write to; the error stream unless told otherwise."""
        self.console = console or Console(stderr=True, highlight=False)
        self._bar: Progress | None = None

    def say(self, sentence: str) -> None:
        """Print the sentence as it is: no markup in it counts."""
        self.console.print(sentence, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Spin while it lasts; then print the name and the seconds it took."""
        began = time.monotonic()
        with self.console.status(name) if self.console.is_terminal else contextlib.nullcontext():
            yield
        self.console.print(
            f"[green]✓[/green] {name} [dim]{time.monotonic() - began:.1f} s[/dim]", soft_wrap=True
        )

    def progress(self, name: str, done: int, of: int) -> None:
        """Draw a bar on a terminal; say beginning and end elsewhere."""
        if not self.console.is_terminal:
            if done == of:
                self.say(f"{name}: {done} of {of}")
            return
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task(name, total=of)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done)
        if done == of:
            self._bar.stop()
            self._bar = None
