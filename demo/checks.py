"""What must hold at the end of the demo, one line each; one that fails fails the whole."""

from dataclasses import dataclass, field

from rich.console import Console


class DoesNotHold(Exception):  # noqa: N818
    """Something that the demo promises is not so; the message says what was seen."""


@dataclass
class Checks:
    """Prints each check as it is made."""

    console: Console
    made: list[str] = field(default_factory=list)

    def holds(self, what: str, *, true: bool, seen: str = "") -> None:
        """Say that something holds. Raises DoesNotHold with what was seen instead."""
        if not true:
            self.console.print(f"[red]✗[/red] {what}: {seen}", soft_wrap=True)
            message = f"{what}: {seen}"
            raise DoesNotHold(message)
        self.made.append(what)
        told = f" [dim]{seen}[/dim]" if seen else ""
        self.console.print(f"[green]✓[/green] {what}{told}", soft_wrap=True)
