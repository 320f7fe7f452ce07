"""Every check but the suite: style, types, the examples in the docs, the generated C.

All checks run, even if an earlier one fails.
"""

import subprocess
import sys

from environments import python_of
from workspace import ROOT, distributions

TYPED = ("zttp", "zttp_core/src", "plugins/*/src", "tests", "examples", "benchmarks", "fuzz", "soak", "scripts")
# The stubs of every module match the module at run time.
STUBTEST = (
    "--mypy-config-file=pyproject.toml",
    "--allowlist=scripts/stubtest.txt",
    "--ignore-unused-allowlist",
    "--concise",
)
# `make docs` builds the site, and the suite checks it in a browser.
DOCS = ("tests/docs", "--ignore=tests/docs/test_site.py")


def main() -> None:
    """Run the checks in order, and print a line for each at the end."""
    python = str(python_of("interpreted"))
    typed = [str(folder) for pattern in TYPED for folder in sorted(ROOT.glob(pattern)) if any(folder.rglob("*.py"))]
    checks = {
        "ruff check": (python, "-m", "ruff", "check"),
        "ruff format": (python, "-m", "ruff", "format", "--check"),
        "mypy --strict": (python, "-m", "mypy", *typed),
        "stubtest": (python, "-m", "mypy.stubtest", *STUBTEST, *(item.package for item in distributions())),
        "docs examples": (python, "-P", "-m", "pytest", "--build=interpreted", "-q", "-nauto", *DOCS),
        "generated C": (sys.executable, "scripts/lint_c.py"),
    }
    results = {}
    # The compiler runs meanwhile on the other processor; the last check waits for it and reports its result.
    build = (sys.executable, "scripts/environments.py", "installed")
    with subprocess.Popen(build, cwd=ROOT, stdout=subprocess.DEVNULL):
        for name, command in checks.items():
            print(f"--- {name}", flush=True)
            results[name] = subprocess.run(command, cwd=ROOT, check=False).returncode
    print()
    for name, status in results.items():
        print(f"{'FAILED' if status else 'ok':8}{name}")
    sys.exit(any(results.values()))


if __name__ == "__main__":
    main()
