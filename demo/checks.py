"""What the demo shows: chapters, a line for each step and check; one that fails fails it all."""

import textwrap
from dataclasses import dataclass, field

from rich.console import Console

MARGIN = 4


class DoesNotHold(Exception):  # noqa: N818
    """Something that the demo promises is not so; the message says what was seen."""


@dataclass(frozen=True)
class Check:
    """Something that held, and what was seen of it."""

    what: str
    seen: str


@dataclass
class Checks:
    """Prints each check as it is made, and remembers it."""

    console: Console
    made: list[Check] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """Say what comes now."""
        self.console.print(f"\n[bold]{title}[/bold]")

    def holds(self, what: str, *, true: bool, seen: str = "") -> None:
        """Say that something holds. Raises DoesNotHold with what was seen instead."""
        if not true:
            self.console.print(f"[red]✗[/red] {what}: {seen}", soft_wrap=True)
            message = f"{what}: {seen}"
            raise DoesNotHold(message)
        self.made.append(Check(what, seen))
        self.console.print(f"[green]✓[/green] {what}", soft_wrap=True, end="")
        if len(what) + len(seen) + 3 > self.console.width:
            self.console.print()
            self.quote(seen)
        else:
            self._dim(f" {seen}" if seen else "")

    def quote(self, told: str) -> None:
        """Show what a command printed, cut to the console's width."""
        for line in told.strip().splitlines():
            for part in textwrap.wrap(line, self.console.width - MARGIN, subsequent_indent="  "):
                self._dim(" " * MARGIN + part)

    def _dim(self, text: str) -> None:
        self.console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)
