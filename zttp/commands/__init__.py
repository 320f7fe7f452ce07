"""The commands of ``python -m zttp``, a module for each. ``import zttp`` imports none of them.

The commands are for inspection. They are a program, so only they, of all distributions, open sockets and read the
clock.
"""
