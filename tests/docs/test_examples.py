"""Every Python example of the README, the docs and the plugins has the output that is shown."""

from pathlib import Path

import pytest

from tests.docs.examples import DOCUMENTS, ROOT, blocks, rewritten, run


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_a_document_shows_what_its_examples_print(document: Path) -> None:
    assert rewritten(document) == document.read_text(), "python -m tests.docs.examples brings it up to date"


def test_most_documents_have_examples() -> None:
    assert sum(1 for document in DOCUMENTS if any(blocks(document.read_text()))) > 8


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(1)\n", "print(1)\n#> 1\n"),
        ("print(1)\n#> 2\n", "print(1)\n#> 1\n"),
        ("x = 1\n#> 1\n", "x = 1\n"),
        ("for x in 'ab':\n    print(x)\n", "for x in 'ab':\n    print(x)\n    #> a\n    #> b\n"),
        ("def f():\n    print(1)\n\n\nf()\n", "def f():\n    print(1)\n\n\nf()\n#> 1\n"),
        ("print(\n    1,\n    2,\n)\n", "print(\n    1,\n    2,\n)\n#> 1 2\n"),
        ("print('a\\nb')\n", "print('a\\nb')\n#> a\n#> b\n"),
        ("if True:\n    print()\nx = 2\n", "if True:\n    print()\n    #>\nx = 2\n"),
    ],
)
def test_what_is_printed_stands_below_what_prints(code: str, shown: str) -> None:
    assert run(code, {}, "example") == shown


def test_an_example_that_fails_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        run("1 / 0\n", {}, "example")
