# make demo: three bare hosts, and a real cluster on them.   make test: all tests, real hosts included.
VENV := .venv
BIN := $(VENV)/bin
K8SOPS := $(BIN)/k8sops
# Hundreds of starts of k8sops are waited for here: without its bytecode each would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

TIMES := $(VENV)/times
# A part of the tests, that leaves behind how long it took: `make test` prints it at its end.
timed = since=$$(date +%s); $(1); code=$$?; spent=$$(($$(date +%s) - since)); mkdir -p $(TIMES); \
	printf '%-10s %3d min %02d s\n' $@ $$((spent / 60)) $$((spent % 60)) >$(TIMES)/$@; exit $$code

.PHONY: demo test unit lab-test lab-first lab-beside soak bench lint clean down

$(VENV)/.installed: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed
	$(K8SOPS) lab up demo --inventory inventory.yaml --kubectl $(BIN)
	$(K8SOPS) apply --yes
	$(K8SOPS) verify
	$(K8SOPS) status
	@echo
	@echo 'The cluster is yours:  . $(BIN)/activate;  k8sops status;  kubectl get nodes'
	@echo 'Take it down with:     make down'

down: $(VENV)/.installed
	$(K8SOPS) lab down demo
	rm -f inventory.yaml

test: $(VENV)/.installed
	@rm -rf $(TIMES)
	@$(MAKE) --no-print-directory lint unit lab-test; code=$$?; echo; \
	for part in lint unit lab-first lab-beside; do cat $(TIMES)/$$part 2>/dev/null; done; exit $$code

lint: $(VENV)/.installed
	@$(call timed,$(BIN)/ruff check --quiet k8sops bench tests && $(BIN)/mypy)

unit: $(VENV)/.installed
	@$(call timed,$(BIN)/pytest tests/unit --numprocesses auto --durations=5)

# Hosts that are struck are mostly waited for, so that two labs are not too many for two processors.
lab-test: $(VENV)/.installed
	$(MAKE) --no-print-directory --jobs=2 lab-first lab-beside

lab-first: PART := not beside
lab-beside: PART := beside
lab-first lab-beside: $(VENV)/.installed
	@$(call timed,$(BIN)/pytest tests/lab -m 'not long and $(PART)' --durations=0 -rA --capture=tee-sys)

# The random tests, longer, and all that takes long: K8SOPS_SEED chooses where they strike.
soak: $(VENV)/.installed
	K8SOPS_KILLS=10 $(BIN)/pytest tests/lab -m long --durations=0 -rA --capture=tee-sys
	K8SOPS_KILLS=10 $(BIN)/pytest tests/lab/test_etcd_backup.py -k killed --capture=tee-sys
	K8SOPS_PAIRS=50 K8SOPS_STRIKES=200 $(BIN)/pytest tests/lab/test_death.py tests/lab/test_death_site.py --capture=tee-sys

# Speed and size beside floor and rivals, on hosts of its own; half an hour on a machine that does nothing else.
bench: $(VENV)/.installed
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
