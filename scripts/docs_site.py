"""Build the documentation site in .build/site, strictly: a warning, a broken link or a missing anchor fails the build.

    python scripts/docs_site.py                  (in the environment "interpreted")
    python scripts/docs_site.py --if-changed     only if its sources have changed

The pages are assembled in .build/pages: those of docs/, and those of the root (changelog, contributing, threat model,
security policy) with their links rewritten. Diagrams are embedded in the page, so that they have the colours of the
theme. Then the finished pages are checked: every link leads to an existing page and anchor, and nothing is loaded from
other sites.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from docs_tables import conformance
from workspace import BUILD, ROOT, content_hash, distributions, one_at_a_time

DOCS = ROOT / "docs"
PAGES = BUILD / "pages"
SITE = BUILD / "site"
# The paths of the root's documents on the site.
MOVED = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "security/reporting.md",
    "THREAT_MODEL.md": "security/threat-model.md",
}
SOURCES = (".md", ".py", ".pyi", ".svg", ".css", ".html")
LEFT_OUT = ("examples", "theme")  # programs that the pages show; templates
LINK = re.compile(r"(?<!\\)(\]\()([^)\s]+)(\))")
IMAGE = re.compile(r"^!\[([^\]]*)\]\(((?:\.\./)*(?:docs/)?(?:diagrams|figures)/[\w-]+\.svg)\)$", re.MULTILINE)
OWN_COLOURS = re.compile(r"<style>\n\.zttp-diagram \{ --ink.*?</style>\n", re.DOTALL)
BUILT = re.compile(r"<!-- built: conformance (?P<of>\d+) -->")  # too long, and changed too often, to be kept
FENCE = re.compile(r"^( *)(```+).*?^\1\2$", re.MULTILINE | re.DOTALL)


def urls() -> dict[str, str]:
    """Return the URLs of the project; their only source is the metadata of the distribution."""
    table: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    return table


# ------------------------------------------------------------------------------------------------------------ the pages
def assemble() -> None:
    """Fill .build/pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for path in sorted(DOCS.rglob("*")):
        name = path.relative_to(DOCS)
        if path.is_dir() or name.parts[0] in LEFT_OUT:
            continue
        target = PAGES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(page(path, name.as_posix()))
        else:
            shutil.copy(path, target)
    for source, place in MOVED.items():
        target = PAGES / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(ROOT / source, place))


def page(source: Path, place: str) -> str:
    """Return a document as it is on the site: with links of the site, and diagrams embedded."""
    text = BUILT.sub(lambda match: "\n".join(conformance(match["of"])), source.read_text())
    parts, end = [], 0
    for fence in FENCE.finditer(text):  # a fence has no links
        parts += [_prose(text[end : fence.start()], source, place), fence[0]]
        end = fence.end()
    return "".join([*parts, _prose(text[end:], source, place)])


def _prose(text: str, source: Path, place: str) -> str:
    text = IMAGE.sub(lambda match: _inlined(source.parent / match[2], match[1]), text)
    return LINK.sub(lambda match: f"{match[1]}{_link(match[2], source, place)}{match[3]}", text)


def _inlined(path: Path, title: str) -> str:
    svg = OWN_COLOURS.sub("", path.read_text()).replace("\n", " ").replace('id="head"', f'id="head-{path.stem}"')
    return f'<div class="diagram" title="{title}">{svg.replace("url(#head)", f"url(#head-{path.stem})")}</div>'


def _link(link: str, source: Path, place: str) -> str:
    """Return a link of a document, rewritten for the place of the document on the site."""
    parts = urlsplit(link)
    if parts.scheme or not parts.path:
        return link
    target = (source.parent / parts.path).resolve()
    if not target.is_relative_to(ROOT) or not target.exists():
        return link  # which the build refuses
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    name = target.relative_to(ROOT).as_posix()
    if name in MOVED:
        there = MOVED[name]
    elif target.is_relative_to(DOCS) and target.relative_to(DOCS).parts[0] not in LEFT_OUT:
        there = target.relative_to(DOCS).as_posix()
    else:
        return f"{urls()['Source']}/{'tree' if target.is_dir() else 'blob'}/main/{name}{anchor}"
    return PurePosixPath(os.path.relpath(there, PurePosixPath(place).parent)).as_posix() + anchor


# ------------------------------------------------------------------------------------------------------- what was built
class Page(HTMLParser):
    """The references of a finished page: its links, the files it loads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the references of a tag."""
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and not {"canonical", "next", "prev", "alternate"} & set(values.get("rel", "").split()):
            self.loads.append(values.get("href", ""))
        elif tag in ("script", "img", "iframe", "source", "audio", "video", "embed") and values.get("src"):
            self.loads.append(values["src"])


def read_site(site: Path = SITE) -> dict[str, Page]:
    """Every page of the site, by its path."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        found = Page()
        found.feed(path.read_text())
        pages[path.relative_to(site).as_posix()] = found
    return pages


def faults(site: Path = SITE) -> Iterator[str]:
    """Yield the faults: broken links, and files that would be loaded from other sites."""
    pages = read_site(site)
    own = urlsplit(urls()["Documentation"])
    for name, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.netloc not in ("", own.netloc) or (parts.scheme and not parts.netloc):
                continue  # leads to another site
            there = _resolved(name, parts.path, own.path)
            if not _exists(site, pages, there, unquote(parts.fragment)):
                yield f"{name}: {link} leads nowhere"
        for load in found.loads:
            if urlsplit(load).netloc or urlsplit(load).scheme not in ("", "data"):
                yield f"{name}: loads {load}"
    for path in sorted(site.rglob("*.css")):
        for load in re.findall(r"""(?:url\(\s*["']?|@import\s+["'])([a-z]+://[^"')]+)""", path.read_text()):
            yield f"{path.relative_to(site)}: loads {load}"


def _resolved(name: str, path: str, root: str) -> str:
    """Return the file or folder of a link on the page ``name``."""
    if path.startswith("/"):
        return unquote(path).removeprefix(root)
    return os.path.normpath((PurePosixPath(name).parent / unquote(path)).as_posix()) if path else name


def _exists(site: Path, pages: dict[str, Page], path: str, anchor: str) -> bool:
    file = site / path
    if file.is_dir():
        file = file / "index.html"
    if not file.is_file():
        return False
    name = file.relative_to(site).as_posix()
    return not anchor or name not in pages or anchor in pages[name].anchors or anchor == "__top"


def complaints(output: str) -> list[str]:
    """Return the complaints of zensical, a line each, without their drawings; its whole output if it has none."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    found = re.findall(r"Warning: (.+)\n\s*╭─\[ (\S+) \]", plain)
    return [f"{place}: {what}" for what, place in found] or plain.splitlines()


def build() -> list[str]:
    """Assemble and build the site, and check the pages; return the faults."""
    assemble()
    shutil.rmtree(SITE, ignore_errors=True)
    command = [
        str(Path(sys.executable).with_name("zensical")),
        "build",
        "--clean",
        "--strict",
        "--config-file",
        "mkdocs.yml",
    ]
    built = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return complaints(built.stdout) if built.returncode else list(faults())


def sources() -> list[Path]:
    """Every source file of the site."""
    files = [*(ROOT / name for name in (*MOVED, "mkdocs.yml", "pyproject.toml")), Path(__file__)]
    files += [path for folder in (DOCS, ROOT / "tests") for path in folder.rglob("*") if path.suffix in SOURCES]
    return sorted(files) + [file for item in distributions() for file in item.files() if file.suffix in (".py", ".pyi")]


def main() -> None:
    """Build the site, and print the faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--if-changed", action="store_true", help="do nothing if it is up to date")
    options = parser.parse_args()
    stamp = BUILD / "site-hash"
    with one_at_a_time("site"):
        wanted = content_hash(sources())
        if options.if_changed and stamp.exists() and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        if found := build():
            sys.exit("\n".join(found))
        stamp.write_text(wanted)
    print(f"{len(read_site())} pages in {SITE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
