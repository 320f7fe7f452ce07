"""The published files: complete, typed, without tests, compiled if their names say so, and never only in part."""

import ast
import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT, UV, Built, run

PLUGINS = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("plugins/*/setup.py"))
# The plugins with a connection: the others announce no protocol.
ANNOUNCING = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("plugins/*/src/*/plugin.py"))
SUFFIX = EXTENSION_SUFFIXES[0]
# The dependencies of the distributions, as they declare them.
OTHERS = ("'pluggy>=1.5,<2'", "'librt>=0.16'", "'cryptography>=50,<51'", "'pylsqpack>=1,<2'")


def project(folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return table


def sources(built: Built) -> set[str]:
    """Every source file of a package, as it is named in its wheel."""
    files = [*built.source.rglob("*.py"), *built.source.rglob("*.pyi"), built.source / "py.typed"]
    return {str(file.relative_to(built.source.parent)) for file in files}


def compiled_modules(built: Built) -> set[str]:
    """The modules that a distribution's setup.py compiles."""
    setup = built.source.parents[1] / "setup.py"
    if not setup.exists():
        return set()
    constants = {
        target.id: set(ast.literal_eval(node.value))
        for node in ast.parse(setup.read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if "COMPILED_MODULES" in constants:
        return {f"{built.package}/{module}.py" for module in constants["COMPILED_MODULES"]}
    interpreted = constants["INTERPRETED_MODULES"]
    return {name for name in sources(built) if name.endswith(".py") and Path(name).name not in interpreted}


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(params=["zttp", "zttp-core", *PLUGINS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_distribution_is_built(compiled: dict[str, Built]) -> None:
    assert set(compiled) == {"zttp", "zttp-core", *PLUGINS}


def test_a_wheel_holds_the_sources_the_type_marker_the_licence_and_no_tests(
    name: str, compiled: dict[str, Built]
) -> None:
    built = compiled[name]
    names = names_in(built.wheel)
    python = {entry for entry in names if not entry.endswith(SUFFIX) and ".dist-info/" not in entry}
    assert python == sources(built)
    assert f"{built.package}-{project(ROOT)['version']}.dist-info/licenses/LICENSE" in names


def test_exactly_the_modules_that_setup_py_names_are_compiled(name: str, compiled: dict[str, Built]) -> None:
    built = compiled[name]
    extensions = {entry.removesuffix(SUFFIX) + ".py" for entry in names_in(built.wheel) if entry.endswith(SUFFIX)}
    shared = {f"{built.package}__mypyc.py"} if compiled_modules(built) else set()
    assert extensions == compiled_modules(built) | shared
    assert built.wheel.name.endswith("-py3-none-any.whl") is not bool(extensions)


def test_the_pure_wheel_is_the_same_without_the_extensions(
    name: str, compiled: dict[str, Built], pure: dict[str, Built]
) -> None:
    assert pure[name].wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(pure[name].wheel) as one, zipfile.ZipFile(compiled[name].wheel) as other:
        told_apart = ("/WHEEL", "/RECORD", "/top_level.txt", SUFFIX)
        contents = [
            {entry: archive.read(entry) for entry in archive.namelist() if not entry.endswith(told_apart)}
            for archive in (one, other)
        ]
        assert not any(entry.endswith(SUFFIX) for entry in one.namelist())
    assert contents[0] == contents[1]


def test_an_sdist_holds_the_sources_and_the_licence_and_nothing_foreign(name: str, compiled: dict[str, Built]) -> None:
    built = compiled[name]
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    folder = "" if name == "zttp" else "src/"
    wanted = {folder + entry for entry in sources(built)} | {"LICENSE", "README.md", "pyproject.toml"}
    wanted |= set() if name == "zttp" else {"setup.py", "docstrings_in_c.py", "MANIFEST.in"}
    assert {entry for entry in names if ".egg-info" not in entry} == wanted | {"PKG-INFO", "setup.cfg"}


def test_a_distribution_builds_from_its_folder_as_from_its_sdist(
    name: str, pure: dict[str, Built], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    if name == "zttp":
        folder.mkdir()
        shutil.copytree(ROOT / "zttp", folder / "zttp")
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / file, folder)
    else:
        shutil.copytree(pure[name].source.parents[1], folder)
    run(UV, "build", "--python", sys.executable, "--wheel", "--out-dir", tmp_path, folder, ZTTP_PURE="1")
    [wheel] = tmp_path.glob("*.whl")
    assert names_in(wheel) == names_in(pure[name].wheel)


@pytest.mark.parametrize(
    ("compiler", "line", "complaint"),
    [
        pytest.param("cc", "WRONG: int = 'no integer'\n", "Incompatible types in assignment", id="type error"),
        pytest.param("false", "", r"Command '?\[?'?.*false.* (failed|returned)", id="failing C compiler"),
    ],
)
def test_a_failed_compilation_fails_the_build(
    compiler: str, line: str, complaint: str, compiled: dict[str, Built], tmp_path: Path
) -> None:
    folder = tmp_path / "zttp_core"
    shutil.copytree(compiled["zttp-core"].source.parents[1], folder)
    with (folder / "src/zttp_core/messages/grammar.py").open("a") as module:
        module.write(line)
    with pytest.raises(AssertionError, match=complaint):
        run(UV, "build", "--python", sys.executable, "--wheel", "--out-dir", tmp_path / "out", folder, CC=compiler)
    assert not list(tmp_path.glob("out/*.whl"))


def test_all_distributions_have_one_version_and_one_licence() -> None:
    folders = [ROOT, ROOT / "zttp_core", *sorted(ROOT.glob("plugins/zttp_*"))]
    assert len({project(folder)["version"] for folder in folders}) == 1
    assert len({(folder / "LICENSE").read_text() for folder in folders}) == 1
    assert len({project(folder)["requires-python"] for folder in folders}) == 1


def test_our_distributions_ask_for_each_other_in_the_same_minor_version() -> None:
    major, minor, _ = project(ROOT)["version"].split(".")
    pin = f">={major}.{minor}.0,<{major}.{int(minor) + 1}"
    umbrella = project(ROOT)
    assert umbrella["dependencies"] == [f"zttp-core{pin}", f"zttp-h1{pin}"]
    extras = [name for name in ANNOUNCING if name != "zttp-h1"]
    assert umbrella["optional-dependencies"] == {name.removeprefix("zttp-"): [f"{name}{pin}"] for name in extras}
    for folder in ROOT.glob("plugins/zttp_*"):
        assert f"zttp-core{pin}" in project(folder)["dependencies"]


def test_the_built_files_alone_give_every_protocol_that_is_built(
    compiled: dict[str, Built], clean_environment: Callable[..., Path]
) -> None:
    extras = [name.removeprefix("zttp-") for name in ANNOUNCING if name != "zttp-h1"]
    umbrella = compiled["zttp"].wheel
    ours = [built.wheel for name, built in compiled.items() if name != "zttp"]
    python = clean_environment(f"zttp[{','.join(extras)}] @ {umbrella.as_uri()}" if extras else umbrella, *ours)
    program = """
import zttp
for protocol in zttp.protocols():
    for role in (zttp.SERVER, zttp.CLIENT):
        whom = {"server_name": "localhost", "verify": b"a certificate"}  # a client of HTTP/3 has to know
        options = whom if protocol.name == zttp.HTTP3 and role == zttp.CLIENT else {}
        connection = zttp.Connection(role, protocol=protocol.name, **options)
        assert isinstance(connection, zttp.Connection)
    print(protocol.name)
"""
    offered = set(run(python, "-I", "-c", program).split())
    assert offered == {"http/1.1", *extras}


@pytest.mark.parametrize("document", ["README.md", "docs/install.md"])
def test_the_documents_install_from_files_and_ask_no_index_for_our_names(
    document: str, pure: dict[str, Built], tmp_path: Path
) -> None:
    """The commands of a document, word for word, with an index of our dependencies and none of our distributions."""
    [command] = re.findall(r"^pip install (dist/\S+(?: dist/\S+)*)$", (ROOT / document).read_text(), re.MULTILINE)
    (tmp_path / "dist").mkdir()
    for built in pure.values():
        shutil.copy(built.wheel, tmp_path / "dist")
    venv.create(tmp_path / "environment", with_pip=True)
    python = tmp_path / "environment/bin/python"
    pip = f"{python} -m pip --disable-pip-version-check"
    run("sh", "-ec", f"{pip} download -q -d others --only-binary :all: {' '.join(OTHERS)}", cwd=tmp_path)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "others")}
    run("sh", "-ec", f"{pip} install -q {command}", cwd=tmp_path, **offline)
    assert (
        run(python, "-I", "-c", "import zttp; print(*(info.name for info in zttp.protocols()))") == "http/1.1 h2 h3\n"
    )


def test_metadata_says_what_is_there_and_where_the_project_lives(name: str, pure: dict[str, Built]) -> None:
    with zipfile.ZipFile(pure[name].wheel) as archive:
        [entry] = [entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(entry))
    urls = dict(value.split(", ", 1) for value in metadata.get_all("Project-URL", []))
    assert urls == project(ROOT)["urls"]  # all are the same as in one place
    assert set(urls) == {"Documentation", "Source", "Issues", "Changelog"}
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Summary"]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])


def test_the_build_says_what_it_does(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE", "zttp", "zttp_core"):
        copy = shutil.copytree if (ROOT / file).is_dir() else shutil.copy
        copy(ROOT / file, tmp_path / file)
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build/tools").symlink_to(ROOT / ".build/tools")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/zttp_core-0.0.1-py3-none-any.whl").touch()
    output = run(sys.executable, "scripts/build.py", "--out", "dist", cwd=tmp_path, ZTTP_PURE="1")
    for distribution in ("zttp", "zttp-core"):
        steps = re.findall(rf"^{distribution}: (.+)$", output, re.MULTILINE)
        assert [re.sub(r"\d+", "N", step) for step in steps] == ["source distribution", "wheel", "built in N s"]
    version = project(ROOT)["version"]
    made = {path.name for path in (tmp_path / "dist").iterdir()}
    names = ("zttp", "zttp_core")
    assert made == {f"{n}-{version}{end}" for n in names for end in ("-py3-none-any.whl", ".tar.gz")}


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF symbol tables")
def test_an_extension_shows_only_its_entry_point(compiled: dict[str, Built], tmp_path: Path) -> None:
    """The flags that let functions call each other directly have reached the compiler."""
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    with zipfile.ZipFile(compiled["zttp-core"].wheel) as archive:
        library = archive.extract(f"zttp_core__mypyc{SUFFIX}", tmp_path)
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], stdout=subprocess.PIPE, text=True, check=True)
    names = {line.split()[-1] for line in symbols.stdout.splitlines()}
    assert {name for name in names if not name.startswith("_")} == {"PyInit_zttp_core__mypyc"}
