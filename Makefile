# The commands that the README names. Everything is built with SwiftPM; `make deps` installs what it needs besides.
SWIFT ?= swift
RELEASE = $(SWIFT) build -c release --product torchlight
TORCHLIGHT = .build/release/torchlight

.PHONY: mnist test test-threads test-instruction-sets conformance fuzz hunt bench bench-compare bench-growth bench-operators format \
	lint deps clean

## Train on MNIST: from a fresh clone to a picture of the curve. ARGS="--model cnn" and the like are passed on.
mnist: deps
	$(RELEASE)
	$(TORCHLIGHT) train mnist $(ARGS)

## Build and run all tests.
test: deps
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest

## Run the tests of what computes with each set of instructions that kernels are compiled for and this processor has.
test-instruction-sets: deps
	$(SWIFT) build --build-tests
	for set in baseline avx2 avx512; do \
		TORCHLIGHT_INSTRUCTION_SET=$$set $(SWIFT) test --skip-build --disable-xctest \
			--filter '^(PrimitiveTests|CoreTests|NNTests|OptimTests)\.' || exit 1; done

## Run the tests of the thread pool and the allocator, with ThreadSanitizer and without (it does not follow forks).
THREAD_TESTS = Sources/CKernels/Support/ThreadPool.cpp Sources/CKernels/Support/Allocator.cpp \
	Sources/CKernels/Support/ThreadState.cpp Tests/CThreads/PoolTests.cpp
test-threads:
	mkdir -p .build/thread-tests
	g++ -std=c++20 -O1 -g -fsanitize=thread -fno-exceptions -ISources/CKernels $(THREAD_TESTS) -pthread \
		-o .build/thread-tests/sanitized
	g++ -std=c++20 -O2 -fno-exceptions -ISources/CKernels $(THREAD_TESTS) -pthread -o .build/thread-tests/plain
	.build/thread-tests/sanitized
	.build/thread-tests/plain

## Replay all that PyTorch answered. ARGS="--family shape --failures 50" and the like are passed on.
conformance: deps
	$(SWIFT) run -c release conformance $(ARGS)

## Feed every reader of files with made-up bytes, SECONDS each. ARGS="pth npy" runs those only.
SECONDS ?= 60
fuzz: deps
	scripts/fuzz $(SECONDS) $(ARGS)

## Look for wrong answers, SECONDS in all: random programs beside PyTorch where it is installed, and the readers of files.
hunt: deps
	scripts/hunt $(SECONDS)

## Time the reference workloads. ARGS="--only matmul --json figures.json" and the like are passed on.
bench: deps
	$(RELEASE)
	$(TORCHLIGHT) bench $(ARGS)

## Time the peers and us in turn on the same cores, and write Benchmarks/RESULTS.md. ARGS="--peers torch,jax --only matmul".
bench-compare: deps
	$(RELEASE)
	python3 Benchmarks/compare.py --torchlight $(TORCHLIGHT) $(ARGS)

## Measure how time and memory grow with each kind of size, and write Benchmarks/GROWTH.md and its picture.
bench-growth: deps
	$(RELEASE)
	$(TORCHLIGHT) bench --growth Benchmarks $(ARGS)

## Time the most used operators beside PyTorch, in the environment that bench-compare sets up.
PEERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/torchlight/peers
bench-operators: deps
	$(RELEASE)
	$(PEERS)/bin/python Benchmarks/operators.py --torchlight $(TORCHLIGHT) $(ARGS)

## Rewrite the sources in the one format, or complain about those that are not in it.
format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Examples Fuzz Conformance
lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Examples Fuzz Conformance

## Say what the package needs from the system and why, and install it where that can be done.
deps:
	@scripts/install-dependencies

clean:
	rm -rf .build
