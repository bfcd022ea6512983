"""The one place where concrete collaborators are chosen and closed.

records    the databases, for whoever reads and writes results
clients    who may call
web        the web process: no tensors, no pixels
measuring  what turns a CT into an assessment; imports torch
worker     the worker process
"""
