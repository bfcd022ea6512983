"""What all tables of the application are known to; `cds.storage.schema` has it with every table in it."""

from sqlalchemy import MetaData

metadata = MetaData()
