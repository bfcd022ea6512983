"""The `ResourceStore` on SQL: reads and searches as things stood at a moment, page by page.

Every query says whose resources it is for: tenant, groups where the caller is held to some, and
never a patient who has opted out. Pages go on behind a position by (column, id), so that the
five-hundredth costs what the first did.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, Row, Select, and_, exists, func, or_, select, tuple_

from cds.resource import (
    AnyOf,
    Coded,
    Criterion,
    Found,
    Interval,
    OneOf,
    Position,
    Reach,
    ResourceSearch,
    ResourceVersion,
    Sort,
    Within,
)
from cds.storage.registry_tables import group_members, resources
from cds.storage.resources import last_moment
from cds.storage.search_columns import any_of, has_identifier, has_token
from cds.storage.tables import opted_out

_COLUMNS = tuple(
    resources.c[name] for name in ("type", "id", "version", "last_updated", "effective", "patient", "body")
)


class SqlResources:
    """Reads what `cds.storage.resources` wrote."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_moment(self) -> int:
        """Of the last commit; 0 before the first."""
        with self._engine.connect() as connection:
            return last_moment(connection)

    def read(self, reach: Reach, kind: str, resource_id: str, version: int | None = None) -> ResourceVersion | None:
        """One version; None for the current one."""
        which = resources.c.superseded.is_(None) if version is None else resources.c.version == version
        query = select(*_COLUMNS).where(_reached(reach), resources.c.type == kind, resources.c.id == resource_id, which)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _version(row)

    def search(self, search: ResourceSearch, limit: int) -> Found:
        """At most so many, in the order of the search."""
        with self._engine.connect() as connection:
            return [_version(row) for row in connection.execute(page_of(search, limit)).all()]

    def count(self, search: ResourceSearch) -> int:
        """How many there are in all."""
        query = select(func.count()).select_from(resources).where(_matching(search))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def pick(self, reach: Reach, as_of: int, references: Collection[tuple[str, str]]) -> Found:
        """These resources as they stood at a moment, by type and id."""
        found: list[ResourceVersion] = []
        with self._engine.connect() as connection:
            for kind in sorted({kind for kind, _ in references}):
                ids = sorted(each for of, each in references if of == kind)
                query = select(*_COLUMNS).where(
                    _reached(reach), resources.c.type == kind, resources.c.id.in_(ids), _held_at(as_of)
                )
                found += [_version(row) for row in connection.execute(query.order_by(resources.c.id)).all()]
        return found

    def opted_out_since(self, tenant: str, moment: datetime) -> bool:
        """Whether a patient of the tenant has opted out since."""
        query = select(opted_out.c.tenant).where(opted_out.c.tenant == tenant, opted_out.c.since >= moment).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None


def page_of(search: ResourceSearch, limit: int) -> Select[tuple[object, ...]]:
    """The statement of one page."""
    column = resources.c[search.sort.field]
    order = (column.desc(), resources.c.id.desc()) if search.sort.descending else (column, resources.c.id)
    query = select(*_COLUMNS).where(_matching(_clipped(search))).order_by(*order).limit(limit)
    if search.after is None:
        return query
    here, before = tuple_(column, resources.c.id), tuple_(search.after.key, search.after.id)
    return query.where(here < before if search.sort.descending else here > before)


def _clipped(search: ResourceSearch) -> ResourceSearch:
    """No range of the sorted column begins before the page does.

    Of two lower ends SQLite looks up one and walks from there: the later page must not walk over the earlier ones.
    """
    if search.after is None:
        return search
    key, sort = search.after.key, search.sort
    as_of = search.as_of
    if sort.descending and isinstance(key, int):
        as_of = min(as_of, key)
    criteria = tuple(
        Within(each.field, tuple(_clip(interval, search.after, sort) for interval in each.intervals))
        if isinstance(each, Within) and each.field == sort.field
        else each
        for each in search.criteria
    )
    return replace(search, as_of=as_of, criteria=criteria)


def _clip(interval: Interval, after: Position, sort: Sort) -> Interval:
    key: Any = after.key
    low: Any = interval.low
    high: Any = interval.high
    if not sort.descending:
        return Interval(key if low is None else max(low, key), high)
    behind = key + (1 if isinstance(key, int) else timedelta(days=1))
    return Interval(low, behind if high is None else min(high, behind))


def _matching(search: ResourceSearch) -> ColumnElement[bool]:
    return and_(
        _reached(search.reach),
        resources.c.type == search.type,
        _held_at(search.as_of),
        *(_holds(criterion) for criterion in search.criteria),
    )


def _held_at(moment: int) -> ColumnElement[bool]:
    began, ended = resources.c.last_updated, resources.c.superseded
    return and_(began <= moment, or_(ended.is_(None), ended > moment))


def _reached(reach: Reach) -> ColumnElement[bool]:
    """An issuer unknown on either side counts as the same for opting out, as in `cds.storage.opt_outs`."""
    same = (opted_out.c.tenant == resources.c.tenant) & (opted_out.c.patient_id == resources.c.patient_id)
    maybe = or_(opted_out.c.issuer == resources.c.issuer, opted_out.c.issuer == "", resources.c.issuer == "")
    allowed = [resources.c.tenant == reach.tenant, ~exists().where(same, maybe)]
    if reach.groups is not None:
        shared = ("tenant", "patient_id", "issuer")
        member = and_(*(group_members.c[name] == resources.c[name] for name in shared))
        listed = exists().where(member, group_members.c.group_name.in_(reach.groups))
        allowed.append(or_(resources.c.patient_id == "", listed))
    return and_(*allowed)


def _holds(criterion: Criterion) -> ColumnElement[bool]:
    if isinstance(criterion, AnyOf):
        return any_of(and_(True, *map(_holds, group)) for group in criterion.groups)  # noqa: FBT003 - SQL's TRUE
    if isinstance(criterion, OneOf):
        return resources.c[criterion.field].in_(criterion.values)
    if isinstance(criterion, Coded):
        if criterion.field == "identifier":
            return any_of(has_identifier(token) for token in criterion.tokens)
        return any_of(has_token(resources.c[criterion.field], token) for token in criterion.tokens)
    column = resources.c[criterion.field]
    return any_of(_inside(column, interval) for interval in criterion.intervals)


def _inside(column: Column[object], interval: Interval) -> ColumnElement[bool]:
    ends = []
    if interval.low is not None:
        ends.append(column >= interval.low)
    if interval.high is not None:
        ends.append(column < interval.high)
    return and_(column.is_not(None), *ends)


def _version(row: Row[tuple[object, ...]]) -> ResourceVersion:
    return ResourceVersion(row.type, row.id, row.version, row.last_updated, bytes(row.body), row.effective, row.patient)
