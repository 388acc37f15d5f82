# `make demo` runs the main job, `make test` passes the tests. Both install what they need.
PYTHON ?= python3
STAMP := .venv/.installed

.PHONY: demo test
demo: $(STAMP)
	.venv/bin/wanmove demo --out out/demo

test: $(STAMP)
	scripts/check

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; got " + sys.version.split()[0] + ". Use make PYTHON=python3.11")'
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[standalone,dev]'
	touch $@
