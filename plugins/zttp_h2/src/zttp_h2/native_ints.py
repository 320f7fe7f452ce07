"""The machine integers and the class marker of the compiled modules, without a run-time dependency on mypy_extensions.

mypyc compiles these names to C integers because it sees the imports below. Interpreted, they are the closest
equivalent: ``i64``, ``i32`` and ``i16`` are ``int`` (values must fit), ``u8`` keeps the low eight bits, as it does in
C. This module is not compiled; every distribution has its own copy, because each is compiled separately.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_extensions import i16 as i16
    from mypy_extensions import i32 as i32
    from mypy_extensions import i64 as i64
    from mypy_extensions import mypyc_attr as mypyc_attr
    from mypy_extensions import u8 as u8
else:
    i16 = i32 = i64 = int

    class u8(int):  # noqa: N801
        """The low eight bits of an integer."""

        def __new__(cls, value: int = 0, /) -> int:
            """Return ``value`` modulo 256."""
            return int(value) & 0xFF

    def mypyc_attr(**_options):
        """Mark a class for mypyc; nothing when interpreted."""
        return lambda cls: cls
