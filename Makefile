# Every command is packaging/dev.py's, which also serves people without make.
# Arguments go through ARGS: make run ARGS=--practice

PYTHON ?= python3
ARGS ?=

.PHONY: run test prove bench bench-peers format clean

run test prove bench bench-peers format clean:
	@$(PYTHON) packaging/dev.py $@ $(ARGS)
