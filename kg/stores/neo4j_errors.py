"""What the Neo4j driver raises, said in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j import exceptions as raised

from ...schemas.problems import UserError


@contextmanager
def explained(address: str, database: str) -> Iterator[None]:
    """Turn what the driver raises about a server into a UserError. Nothing of the statement or its rows is shown."""
    try:
        yield
    except (raised.Neo4jError, raised.DriverError) as error:
        found = _explain(error, address, database)
        if found is None:
            raise
        raise UserError(*found) from error


def _explain(error: Exception, address: str, database: str) -> tuple[str, str] | None:
    code = getattr(error, "code", None) or ""
    if isinstance(error, raised.AuthError):  # its subclasses, too: rate limit, expired token, forbidden
        if isinstance(error, raised.Forbidden):
            return f"{address} does not allow this user to do that", "log in as a user with the right to do it"
        return (
            f"{address} refuses the user or password",
            "set NEO4J_USERNAME and NEO4J_PASSWORD (after three wrong tries the server waits a few seconds)",
        )
    if code == "Neo.ClientError.Database.DatabaseNotFound":
        return (
            f'{address} has no database "{database}"',
            "set NEO4J_DATABASE to one that it has (SHOW DATABASES lists them; Community has one: neo4j)",
        )
    if isinstance(error, raised.Forbidden) or code == "Neo.ClientError.Statement.AccessMode":
        return f"{address}, database {database}: this connection only reads", "open it for writing, or change the query"
    if isinstance(error, raised.ServiceUnavailable | raised.SessionExpired):
        return (
            f"no Neo4j server answers at {address}",
            "start it, check host and Bolt port (7687 by default), and the scheme: bolt:// or neo4j:// without"
            " encryption, bolt+s:// or neo4j+s:// with it",
        )
    if isinstance(error, raised.ConfigurationError):
        return f"{address} is not an address that the Neo4j driver takes ({error})", "write it as bolt://HOST:7687"
    if isinstance(error, raised.TransientError):
        return f"{address} is too busy ({code})", "try again; if it recurs, give the server more memory"
    if code == "Neo.ClientError.Schema.ConstraintValidationFailed":
        return (
            f"{address}, database {database} holds other nodes or relationships with the ids of this graph",
            "use an empty database",
        )
    if code.startswith("Neo.ClientError.Schema."):
        return (
            f"{address}, database {database}: a constraint cannot be made ({code})",
            "the database holds other data of the same names: use an empty one",
        )
    return None
