"""What an operator watches: counted where it happens, kept in the database, told to Prometheus by any web process."""
