"""What ``python -m zttp`` does: a module for each command. ``import zttp`` imports none of them.

The commands are for looking. They are the one place of all distributions that opens a socket or reads a clock, because
a program is what they are.
"""
