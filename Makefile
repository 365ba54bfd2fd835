# The way in for people: each target is one line, the work is done by the scripts in tools/.
.PHONY: run build test test-ollama check bench bench-cache bench-log bench-translation bench-books bench-decisions bench-peers setup clean

run: # build a release and start the gateway on port 4000; ARGS="--config my.yaml" adds flags
	@tools/run.sh $(ARGS)

build: # the release binary: target/release/lockgate
	cargo build --release --locked --bin lockgate

test: # everything, as CI runs it; installs what is missing first
	@tools/test.sh

test-ollama: # a real Ollama behind the gateway, with a model of 300 KB that is made on the way; builds one if there is none
	@tools/setup.sh ollama
	@.local/venv-ollama/bin/python tools/ollama.py $(ARGS)

check: # the fast part of `make test`: format, lints, unit tests
	@tools/check.sh

bench: # cost, latency and memory beside nginx and the bare mock, then what the books cost, in seven minutes: docs/performance.md
	@tools/bench.sh $(ARGS)
	@tools/bench.sh --books

bench-books: # what keys, budgets, limits and the ledger cost: all of them beside none of them, in two minutes
	@tools/bench.sh --books $(ARGS)

bench-cache: # what an answer costs that is given again, beside asking anew, in a minute
	@tools/bench.sh --cache $(ARGS)

bench-translation: # what a chunk of a stream costs that is translated, beside one that passes as it is, in half a minute
	@tools/bench.sh --translation $(ARGS)

bench-log: build # how long pages of the log take at ten million rows, and whether that is too long; ARGS=--postgres for a server
	@bench/log.py $(ARGS)

bench-decisions: # what choosing a deployment, finding a question that means the same, and reading what a prompt wants, takes in a release
	cargo test --release --locked -p policy -- --nocapture --test-threads=1 takes_under four_kilobytes

bench-peers: # the same with LiteLLM beside it, which takes long to install and to measure
	@tools/bench.sh --litellm $(ARGS)

setup: # what the tests need: packages, a Python venv, Node modules
	@tools/setup.sh test

clean: # forget everything that was built or installed here
	cargo clean
	rm -rf .local tests/sdk/node/node_modules tests/sdk/agents/node_modules ui/node_modules ui/dist/app ui/dist/fingerprint
