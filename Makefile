# The commands that the README names. Everything is built with SwiftPM; `make deps` installs what it needs besides.
SWIFT ?= swift
RELEASE = $(SWIFT) build -c release --product torchlight
TORCHLIGHT = .build/release/torchlight

.PHONY: mnist test test-threads test-instruction-sets conformance interface docs user-package fuzz hunt bench bench-compare bench-growth \
	bench-operators format lint deps clean

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

## Run the tests of the thread pool, the allocator and the queue of data loaders, with ThreadSanitizer and without (it does not
## follow forks).
SUPPORT = Sources/CKernels/Support
CORE_SUPPORT = Sources/TorchlightCore/Support
THREAD_TESTS = .build/thread-tests
POOL_TESTS = $(addprefix $(SUPPORT)/,ThreadPool.cpp Denormals.cpp Allocator.cpp MemoryLimit.cpp ThreadState.cpp) Tests/CThreads/PoolTests.cpp
SWIFTC = $(SWIFT)c -sanitize=thread -swift-version 6 -package-name torchlight -O -g -I Sources/CKernels/include -I $(THREAD_TESTS)
test-threads:
	mkdir -p $(THREAD_TESTS)
	g++ -std=c++20 -O1 -g -fsanitize=thread -fno-exceptions -ISources/CKernels $(POOL_TESTS) -pthread \
		-o $(THREAD_TESTS)/sanitized
	g++ -std=c++20 -O2 -fno-exceptions -ISources/CKernels $(POOL_TESTS) -pthread -o $(THREAD_TESTS)/plain
	$(THREAD_TESTS)/sanitized
	$(THREAD_TESTS)/plain
	for file in ThreadPool Denormals Threads InstructionSets; do \
		clang++ -std=c++20 -O1 -g -fsanitize=thread -fno-exceptions -ISources/CKernels -c $(SUPPORT)/$$file.cpp \
			-o $(THREAD_TESTS)/$$file.o || exit 1; done
	$(SWIFTC) -parse-as-library -static -emit-library -emit-module -module-name TorchlightCore \
		-emit-module-path $(THREAD_TESTS)/TorchlightCore.swiftmodule -o $(THREAD_TESTS)/libTorchlightCore.a \
		$(addprefix $(CORE_SUPPORT)/,Threads.swift BackgroundThread.swift Locks.swift)
	$(SWIFTC) -parse-as-library Sources/TorchlightData/Loading/Prefetcher.swift Tests/CThreads/LoaderTests.swift \
		$(addprefix $(THREAD_TESTS)/,libTorchlightCore.a ThreadPool.o Denormals.o Threads.o InstructionSets.o) -lgomp -lstdc++ \
		-o $(THREAD_TESTS)/loader
	$(THREAD_TESTS)/loader

## Replay all that PyTorch answered (Conformance/README.md). ARGS="--family shape --failures 50" and the like are passed on.
conformance: deps
	$(SWIFT) run -c release conformance $(ARGS)

## List the public interface in Docs/Interface, after a change of it that is meant.
interface: deps
	$(SWIFT) build --build-tests
	TORCHLIGHT_UPDATE_INTERFACE=1 $(SWIFT) test --skip-build --disable-xctest --filter InterfaceTests

## Build the documentation as a static site in .build/docs/site, and check it. ARGS="--base-path torchlight --out FOLDER".
docs: deps
	scripts/docs $(ARGS)

## Build a package that depends on this one by URL, in a temporary folder, and time it. ARGS="--debug-only" leaves out the release.
user-package: deps
	scripts/check-user-package $(ARGS)

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

## Time the peers and us in turn on the same cores, and write Benchmarks/RESULTS.md. ARGS="--peers torch,jax --only matmul". Needs
## Python 3 with venv; the peers are installed from PyPI into ~/.cache/torchlight/peers.
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
