"""Pages: Jinja2 with every value escaped, no script needed, and no undefined value shown."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.web.configuration import Controller
from shared.web.form_views import FormView
from shared.web.frame import Shown
from shared.web.language import Language, day, moment
from shared.web.texts import Texts
from shared.web.wordings import Wordings, read_wordings

HERE = Path(__file__).parent
STYLE = (HERE / "assets" / "expunge.css").read_bytes()
STYLE_PATH = f"/assets/expunge-{hashlib.sha256(STYLE).hexdigest()[:16]}.css"


class Pages:
    """Templates, texts and wordings of the services that are live in this process.

    A template is named `<service>/<file>`: `newsletter/sent.html` is
    `services/newsletter/templates/sent.html`; `web/layout.html` is what all pages extend.
    """

    def __init__(self, folders: Mapping[str, Path], controller: Controller) -> None:
        """Take each live service's folder and who answers for the data."""
        self.controller = controller
        self.texts = {service: Texts(folder, HERE) for service, folder in folders.items()}
        self.texts["web"] = Texts(HERE)
        self.wordings: dict[str, Wordings] = {
            service: read_wordings(folder) for service, folder in folders.items()
        }
        loaders = {
            service: FileSystemLoader(folder / "templates")
            for service, folder in {**folders, "web": HERE}.items()
        }
        self._jinja = Environment(
            loader=PrefixLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def html(
        self,
        template: str,
        language: Language,
        path: str,
        *,
        service: str = "",
        form: FormView | None = None,
        frame: Shown | None = None,
        **context: Any,
    ) -> str:
        """Render one page. `service` says whose texts `t(key)` reads; by default the template's."""
        texts = self.texts[service or template.split("/", 1)[0]]

        def t(key: str, **parameters: object) -> str:
            return texts.get(language, key, **parameters)

        return self._jinja.get_template(template).render(
            {
                "lang": language,
                "other_lang": Language.EN if language is Language.DE else Language.DE,
                "path_elsewhere": _elsewhere(path, language),
                "t": t,
                "in_language": lambda key, one: texts.get(Language(one), key),
                "find_text": lambda *keys: texts.find(language, *keys),
                "day": lambda value: day(value, language),
                "moment": lambda value: moment(value, language),
                "controller": self.controller,
                "style_path": STYLE_PATH,
                "form": form,
                "frame": frame,
                **context,
            }
        )


def _elsewhere(path: str, language: Language) -> str:
    """Give the same page's path in the other language."""
    other = Language.EN if language is Language.DE else Language.DE
    start = f"/{language}/"
    return f"/{other}/{path.removeprefix(start)}" if path.startswith(start) else f"/{other}/"


def page(html: str, status: int = 200) -> HTMLResponse:
    """Wrap a rendered page."""
    return HTMLResponse(html, status)


def see_other(path: str) -> Response:
    """Send the browser on with GET after a POST that was done (RFC 9110 section 15.4.4)."""
    return RedirectResponse(path, 303)
