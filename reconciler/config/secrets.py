"""Secrets of the configuration: named by a file or an environment variable, never written into the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.config.fields import Fields
from reconciler.config.model import GitHubApp, Secret
from reconciler.errors import Problem, UserError

MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Vault:
    """Where secrets are looked up: files relative to `directory`, variables in `env`."""

    directory: Path
    env: Mapping[str, str]

    def from_file(self, name: str) -> Secret:
        """Contents of a file without the final line end. Raises `UserError`."""
        return Secret(read_text(self.directory / name).rstrip("\r\n"))

    def from_env(self, name: str) -> Secret:
        """Raises `UserError` when the variable is not set or empty."""
        if not self.env.get(name):
            raise UserError(Problem(f"the environment variable {name} is not set", "set it, or name a file instead"))
        return Secret(self.env[name])


def read_text(path: Path) -> str:
    """A small text file, not empty. Raises `UserError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise UserError(
            Problem(f"{path} cannot be read: {error.strerror}", "check the path and who may read it")
        ) from None
    except UnicodeDecodeError:
        raise UserError(Problem(f"{path} is not text")) from None
    if len(data) > MAX_BYTES:
        raise UserError(Problem(f"{path} is larger than {MAX_BYTES:,} bytes"))
    if not text.strip():
        raise UserError(Problem(f"{path} is empty"))
    return text


def secret(fields: Fields, name: str, vault: Vault) -> Secret | None:
    """The secret `name`, from `nameFile` or `nameEnv`; None when neither is there. A literal one is refused."""
    fields.refuse({name: f"must not be written here: use {name}File or {name}Env"})
    file, variable = fields.text(f"{name}File"), fields.text(f"{name}Env")
    if file and variable:
        fields.problem(f"{name}Env", f"{name}File and {name}Env are both set", "keep one")
    try:
        if file:
            return vault.from_file(file)
        return vault.from_env(variable) if variable else None
    except UserError as error:
        fields.notes.adopt((*fields.path, f"{name}{'File' if file else 'Env'}"), error)
        return None


def github_app(fields: Fields, vault: Vault) -> GitHubApp | None:
    """`githubApp: {appID, installationID, privateKeyFile, apiURL}`."""
    if "githubApp" not in fields:
        fields.value("githubApp")
        return None
    app = fields.fields("githubApp")
    key = secret(app, "privateKey", vault)
    made = GitHubApp(
        app_id=_identifier(app, "appID"),
        installation_id=_identifier(app, "installationID"),
        private_key=key or Secret(""),
        api_url=app.text("apiURL", "https://api.github.com").rstrip("/"),
    )
    if not key and not any(name in app for name in ("privateKeyFile", "privateKeyEnv")):
        app.problem("privateKeyFile", "githubApp needs privateKeyFile or privateKeyEnv")
    app.finish()
    return made


def _identifier(fields: Fields, name: str) -> str:
    """GitHub's numbers may be written with or without quotes."""
    value = fields.value(name)
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value):
        return str(value)
    fields.problem(name, f"{name} is missing" if value is None else f"{name} must be a number or text")
    return ""
