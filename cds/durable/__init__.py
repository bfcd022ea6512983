"""DBOS: the queue and the three-step workflow around `cds.screening`."""
