"""`hangup serve`: options in, a running service out. Importing this loads no web framework."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from analyzer.errors import UsageError


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on. Other than loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="HANGUP_TOKEN", help="What everybody must know.", show_default=False),
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let everybody in who can connect, on any --host.")
    ] = False,
    public_url: Annotated[
        str | None,
        typer.Option("--public-url", metavar="URL", help="The address people use, e.g. behind a proxy."),
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="Take clients' addresses from a proxy on this machine.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Where reports are kept.", show_default=False),
    ] = None,
    rules: Annotated[
        list[Path],
        typer.Option("--rules", metavar="DIR", help="A folder with rules of your own.", show_default=False),
    ] = [],  # noqa: B006  Typer copies it
    max_upload: Annotated[int, typer.Option("--max-upload", min=1, metavar="MB", help="Per upload.")] = 512,
    keep: Annotated[float, typer.Option("--keep", min=0.01, metavar="DAYS", help="How long.")] = 7,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Analyses at a time; one per core.", show_default=False),
    ] = None,
    memory: Annotated[int, typer.Option("--memory", min=256, metavar="MB", help="Per analysis.")] = 2000,
    time: Annotated[float, typer.Option("--time", min=1, metavar="SECONDS", help="Per analysis.")] = 300,
    upload_rate: Annotated[
        int, typer.Option("--upload-rate", min=1, help="Uploads per client and minute.")
    ] = 60,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve the page where a team drops its captures and reads the reports."""
    from analyzer.web.config import MB, Settings, allowed_hosts, check_exposure, default_data

    check_exposure(host, token or None, no_auth=no_auth)
    settings = Settings(
        data=(data or default_data() / "serve").resolve(),
        host=host.strip("[]"),
        port=port,
        token=token or None,
        public_url=public_url,
        behind_proxy=behind_proxy,
        rules=tuple(path.resolve() for path in rules),
        max_upload=max_upload * MB,
        max_spool=max(8_000 * MB, 4 * max_upload * MB),
        workers=workers or max(1, os.cpu_count() or 1),
        worker_memory=memory * MB,
        worker_seconds=time,
        keep_seconds=keep * 86400,
        upload_rate=upload_rate,
        hosts=allowed_hosts(host, public_url),
    )
    from analyzer.engine.load import load_rules

    load_rules(settings.rules)  # a rule that is wrong is told now, not to the first who uploads
    if sys.platform == "win32":
        sys.stderr.write("warning: Windows does not limit the memory of an analysis; only --time holds\n")
    from analyzer.web.server import run

    if not run(settings, open_it=open_it):
        raise UsageError("the service could not be started", where=f"{host}:{port}")
