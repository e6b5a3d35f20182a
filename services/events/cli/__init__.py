"""`expunge events ...`: what organisers do, with the same names as at the desk."""

import typer

from services.events.cli import gatherings, people

app = typer.Typer(help="Events: gatherings and who comes to them.", no_args_is_help=True)
app.command("list")(gatherings.list_command)
app.command("create")(gatherings.create_command)
app.command("invite")(gatherings.invite_command)
app.command("move")(gatherings.move_command)
app.command("cancel")(gatherings.cancel_command)
app.command("conclude")(gatherings.conclude_command)
app.command("counts")(gatherings.counts_command)
app.command("attendance")(people.attendance_command)
app.command("dispatch")(people.dispatch_command)
app.command("hold")(people.hold_command)
