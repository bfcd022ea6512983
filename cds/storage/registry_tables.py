"""What registries read: FHIR resources with their versions, groups, exports, subscriptions."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Float, Index, Integer, LargeBinary, String, Table, Text

from cds.storage.metadata import metadata
from cds.storage.moments import UtcDateTime

resources = Table(
    "resources",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("type", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("last_updated", BigInteger, nullable=False),
    Column("superseded", BigInteger),
    Column("result_id", String(64), nullable=False),
    Column("patient", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("issuer", String(64), nullable=False),
    Column("identifier_system", String(255), nullable=False),
    Column("identifier", String(255), nullable=False),
    Column("status", String(32), nullable=False),
    Column("codes", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("effective", Date, nullable=False),
    Column("value", Float),
    Column("digest", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("resources_by_update", "tenant", "type", "last_updated", "id"),
    Index("resources_by_patient", "tenant", "type", "patient", "last_updated", "id"),
    Index("resources_by_patient_id", "tenant", "patient_id"),
    Index("resources_by_day", "tenant", "type", "effective", "id"),
    Index("resources_by_identifier", "tenant", "type", "identifier"),
    Index("resources_by_result", "result_id"),
)
"""One row for each version of a FHIR resource; a version holds from `last_updated` until `superseded`, both in
milliseconds since 1970. The patient columns are "" where a resource belongs to nobody (Device). `codes` and
`categories` are read by `cds.storage.search_columns` alone; `body` comes last so that no search reads one in vain."""

resource_clock = Table(
    "resource_clock",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("moment", BigInteger, nullable=False),
)
"""One row: when the last version was stored. Locked from the stamp to the commit, so moments grow as commits do."""

group_members = Table(
    "group_members",
    metadata,
    Column("group_name", String(320), primary_key=True),
    Column("tenant", String(64), primary_key=True),
    Column("patient_id", String(64), primary_key=True),
    Column("issuer", String(64), primary_key=True),
)
"""Which patients a registry may see, from the file that the site keeps; read anew at each start."""

former_group_members = Table(
    "former_group_members",
    metadata,
    Column("group_name", String(320), primary_key=True),
    Column("tenant", String(64), primary_key=True),
    Column("patient_id", String(64), primary_key=True),
    Column("issuer", String(64), primary_key=True),
)
"""Who was in a group once: exports of that time hold their results."""

exports = Table(
    "exports",
    metadata,
    Column("export_id", String(36), primary_key=True),
    Column("client", String(255), nullable=False, index=True),
    Column("request", JSON, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("leased_until", UtcDateTime, nullable=False),
    Column("lease", String(36), nullable=False),
    Column("files", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("fault", Text, nullable=False),
)
"""`files` are complete and on disk; `progress` says where the next one begins."""

export_types = Table(
    "export_types",
    metadata,
    Column("export_id", String(36), primary_key=True),
    Column("type", String(32), primary_key=True),
    Column("client", String(255), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("filtered", Boolean, nullable=False),
    Column("deidentification", String(16), nullable=False),
    Column("fetched_at", UtcDateTime),
    Index("export_types_by_moment", "tenant", "type", "as_of"),
)
"""What an export took in: all that changed after `since`, as it stood at `as_of`. A row outlives its export where
a file of that type was fetched: so it is known who has a result that is taken back later. `groups` is a list of
names, or [] for every patient of the tenant."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscription_id", String(36), primary_key=True),
    Column("client", String(255), nullable=False, index=True),
    Column("endpoint", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", UtcDateTime, nullable=False),
)
"""`seen`: everything up to this moment was delivered."""
