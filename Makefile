# The two commands of the README are `make demo` and `make test`; both start from Python and g++ alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc)
IMAGE ?=
MODEL ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# dist/*.whl, built with these options in the one build directory.
define wheel
rm -rf dist
PATH="$(CURDIR)/$(BIN):$$PATH" CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(BIN)/pip wheel --quiet --no-build-isolation --no-deps \
  -C build-dir=build/wheel $(1) -C cmake.define.INSTSEG_WERROR=ON --wheel-dir dist .
endef

.PHONY: help demo test env library build cpp-test python-test training-test sdk-test lint stubs format asan tsan sanitize parity \
        bench-kernels bench clean

help:  ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: library  ## Build, then segment photos into output/; also make demo MODEL=<folder> IMAGE=<photo>
ifeq ($(MODEL),)
	$(BIN)/instseg demo $(if $(IMAGE),"$(IMAGE)") --output output --overwrite
else
	@test -n "$(IMAGE)" || { echo "Give a photo: make demo MODEL=$(MODEL) IMAGE=street.jpg"; exit 2; }
	$(BIN)/instseg predict "$(MODEL)" "$(IMAGE)" --output output --overwrite
endif

test: build lint cpp-test python-test  ## Build, then every C++ and Python test and the linters

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --group dev
	@touch $@

# What `make demo` needs: no tests and none of their packages.
$(VENV)/build-ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --group build
	@touch $@

library: $(VENV)/build-ready
	$(call wheel,-C cmake.define.INSTSEG_TESTS=OFF -C cmake.define.INSTSEG_BENCHMARKS=OFF)
	$(BIN)/pip install --quiet "$$(echo dist/*.whl)[demo]"
	$(BIN)/pip install --quiet --force-reinstall --no-deps dist/*.whl

env: $(VENV)/ready  ## The virtual environment .venv with everything the project needs

# One build directory serves the wheel, the C++ tests and the kernel benchmarks.
build: env  ## The wheel, built with its C++ tests, installed into .venv
	$(call wheel,-C cmake.define.INSTSEG_TESTS=ON -C cmake.define.INSTSEG_BENCHMARKS=ON)
	$(BIN)/pip install --quiet dist/*.whl
	$(BIN)/pip install --quiet --force-reinstall --no-deps dist/*.whl

cpp-test: build  ## The C++ tests, once per instruction set
	$(BIN)/ctest --test-dir build/wheel --output-on-failure -j1

python-test: build  ## The Python and end-to-end tests: those of training beside all others
	$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target training-test sdk-test

training-test:
	$(BIN)/python -m pytest tests/training

sdk-test:
	$(BIN)/python -m pytest tests/python tests/packaging tests/e2e

lint: build  ## Formatters, ruff, mypy (which reads the packages that instseg needs)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files '*.h' '*.cpp' '*.cu' | xargs $(BIN)/clang-format --dry-run --Werror
	$(BIN)/mypy

stubs: build  ## Writes python/instseg/_core.pyi from the built module
	$(BIN)/pybind11-stubgen instseg._core --output-dir build/stubs --exit-code
	cp build/stubs/instseg/_core.pyi python/instseg/_core.pyi

format: env  ## Formats everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files '*.h' '*.cpp' '*.cu' | xargs $(BIN)/clang-format -i

asan tsan: env  ## The C++ tests under AddressSanitizer + UBSan, or ThreadSanitizer
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset $@ -DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python"
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset $@ -j $(JOBS)
	PATH="$(CURDIR)/$(BIN):$$PATH" ctest --preset $@

sanitize: asan tsan  ## Both

parity: build  ## Compares with Paddle 3.3.1 and 3.0.0, in environments that it makes
	$(BIN)/python -m pytest tests/e2e/parity -m parity
	PYTHONPATH=tests/e2e:tests/python/importer $(BIN)/python -m parity.report benchmarks/results/parity.md

bench-kernels: build  ## Times the C++ kernels
	@for program in build/wheel/benchmarks/cpp/*_bench; do $$program || exit 1; done

bench: build  ## JPEG to results against PaddleX and bare OpenVINO
	$(BIN)/python benchmarks/end_to_end.py --output build/bench/results

clean:  ## Removes what was built, keeps the environment
	rm -rf build dist
