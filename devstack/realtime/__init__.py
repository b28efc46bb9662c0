"""A stand-in for Supabase Realtime: Postgres Changes over Phoenix channels, fed by PostgreSQL's logical replication.

pgoutput.py   bytes of the replication stream -> changes
source.py     the replication connection
rules.py      who may see which change, asked of the database
hub.py        changes -> subscriptions
channels.py   the Phoenix protocol of one socket
__main__.py   the process
"""
