"""Which patients belong to a group, as the site's files say at start."""

from collections.abc import Collection, Mapping

from sqlalchemy import Engine, delete, select

from cds.ct.patient import PatientKey
from cds.storage.patient_columns import columns_of
from cds.storage.registry_tables import former_group_members, group_members
from cds.storage.writing import insert_all_once


class SqlGroupMembers:
    """Replaces all member lists at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def replace(self, groups: Mapping[str, Collection[PatientKey]]) -> None:
        """Exactly these groups with exactly these members, in one transaction; nothing is written where none changed.

        Whoever leaves is kept as a former member. Replicas that start together write the same.
        """
        rows = {(name, *columns_of(key).values()) for name, members in groups.items() for key in members}
        columns = [column.name for column in group_members.c]
        with self._engine.begin() as connection:
            present = {tuple(row) for row in connection.execute(select(group_members)).all()}
            if gone := [dict(zip(columns, row, strict=True)) for row in present - rows]:
                insert_all_once(connection, former_group_members, gone)
            for each in gone:
                connection.execute(delete(group_members).where(*(group_members.c[name] == each[name] for name in each)))
            if new := [dict(zip(columns, row, strict=True)) for row in rows - present]:
                insert_all_once(connection, group_members, new)
