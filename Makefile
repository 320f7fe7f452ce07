# Works on a new machine with Python 3.11+ and a C compiler: everything else is fetched into .build/.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
ARGS ?=
# Programs that make starts find the tools that scripts/ fetches.
export PATH := $(PATH):$(CURDIR)/.build/tools/bin
# The Python of one of the environments of scripts/environments.py, made first if necessary.
in = python=$$($(PYTHON) scripts/environments.py $(1)) && $$python

.DEFAULT_GOAL := help
.PHONY: help demo test check bench wheels docs fuzz soak format clean python

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## *\(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

demo: python  ## a server and a client on the loopback interface, compiled, printing the events as they arrive
	@$(call in,installed) examples/demo.py $(ARGS)

test: python  ## every test, interpreted with coverage and then compiled (ARGS='compiled -k chunked' for some)
	@$(PYTHON) scripts/test.py $(ARGS)

check: python  ## ruff, mypy --strict, stubtest, the examples in the docs, the generated C
	@$(PYTHON) scripts/check.py

bench: python  ## ours against its peers, side by side, and a page of it; with ARGS, which go to the benchmarks, no page
ifeq ($(ARGS),)
	@mkdir -p .build/bench; status=0; for name in http1 http2 http3; do \
	    $(PYTHON) benchmarks/$$name.py --json .build/bench/$$name.json || status=$$?; \
	    $(PYTHON) benchmarks/$$name.py --growth --rounds 7 --json .build/bench/$$name-growth.json || status=$$?; \
	done; $(PYTHON) scripts/benchmark_page.py && exit $$status
else
	@status=0; for benchmark in benchmarks/*.py; do $(PYTHON) $$benchmark $(ARGS) || status=$$?; done; exit $$status
endif

wheels: python  ## compiled wheels and sdists of all distributions, in dist/ (ZTTP_PURE=1 for pure wheels)
	@$(PYTHON) scripts/build.py --out dist

docs: python  ## the site, in .build/site; every link is checked
	@$(call in,interpreted) scripts/docs_site.py

fuzz: python  ## mutated bytes for the compiled parsers, then for the interpreted ones, steered by coverage (ARGS='--seconds 600')
	@for fuzzer in fuzz/*.py; do $(call in,installed) $$fuzzer $(ARGS) || exit; done
	@if python=$$($(PYTHON) scripts/environments.py guided); then for fuzzer in fuzz/*.py; do \
	    $$python fuzz/shared/guided.py $$(basename $$fuzzer .py) $(ARGS) || exit; done; \
	else echo "without atheris, which this Python has no build of: nothing is steered by coverage"; fi

soak: python  ## a minute of requests for each protocol, after which memory must be what it was (ARGS as for fuzz)
	@for soak in soak/*.py; do $(call in,installed) $$soak $(ARGS) || exit; done

format: python  ## let ruff put everything into shape
	@$(call in,interpreted) -m ruff check --fix-only --quiet
	@$(call in,interpreted) -m ruff format

clean:  ## remove everything that make produced
	rm -rf .build dist

python:
	@test -n "$(PYTHON)" || { echo "zttp needs Python 3.11 or newer; set PYTHON to one" >&2; exit 1; }
