# plumbline. `make help` lists the targets.
#
# Every target installs what it needs and finds missing (scripts/setup.sh): Debian packages, the npm packages, and with them
# Node itself, under which everything below runs.

SHELL := /bin/sh
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
# The end-to-end tests measure and kill; side by side with another stage they would tell other things.
.NOTPARALLEL:

DESTDIR ?=
BINDIR ?= /opt/cni/bin

# Another processor's executables go to dist/<arch>/bin.
ARCH ?=

# What is in the executable beside the program: node (by pkg), or bun, whose executables go to dist/bun/bin.
RUNTIME ?= node
$(if $(filter-out node bun,$(RUNTIME)),$(error RUNTIME=$(RUNTIME): there is node, and there is bun))
DIST := dist$(if $(filter bun,$(RUNTIME)),/bun)
# Of files that tell of this build and not of the other.
SUFFIX := $(if $(filter bun,$(RUNTIME)),-bun)

NODE := node_modules/.bin/node
REPORTS := .cache/reports
# What the tests, vitest and tsc find first: this project's Node, and tools that are built for it (cnitool).
TOOLPATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/.cache/bin:$(PATH):/usr/sbin:/sbin
comma := ,
# Namespaces need root; what a test writes with sudo stays within dist, .cache and /tmp.
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo --preserve-env=CI$(comma)PLUMBLINE_TEST_FULL$(comma)PLUMBLINE_VM_FILES,) env PATH="$(TOOLPATH)"
VITEST = $(NODE) node_modules/vitest/vitest.mjs run --reporter=default --reporter=json

PLUGINS := veth-bridge ovs macvlan ipvlan sriov host-local
LINKS := $(PLUGINS:%=$(DIST)/bin/%)
SOURCES := $(shell find main.ts lib plugins ipam cli -name '*.ts' 2>/dev/null) \
	$(wildcard scripts/build.ts scripts/build/*.ts scripts/entry-*.ts scripts/warm-up.ts scripts/sea.ts) package-lock.json

# As Go and Kubernetes call this machine's processor.
HOST_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
IS_FOREIGN := $(filter-out $(HOST_ARCH),$(ARCH))

.PHONY: build
build: $(if $(IS_FOREIGN),$(DIST)/$(ARCH)/bin/plumbline,$(DIST)/bin/plumbline $(LINKS)) ## [ARCH=arm64] [RUNTIME=bun] build dist/bin: one executable under each plugin's name

# Placed by rename, so that whoever runs the old one goes on, and no run sees half of the new one.
dist/bin/plumbline: $(SOURCES) | setup-build
	$(NODE) scripts/build.ts

# For another processor: under QEMU, which the setup installs.
dist/%/bin/plumbline: $(SOURCES) | setup-build setup-cross
	$(NODE) scripts/build.ts --arch $*

dist/bun/bin/plumbline: $(SOURCES) | setup-build
	$(NODE) scripts/build.ts --runtime bun

# Bun compiles for another processor by itself.
dist/bun/%/bin/plumbline: $(SOURCES) | setup-build
	$(NODE) scripts/build.ts --runtime bun --arch $*

# The build makes these too; this is for one that was removed.
$(LINKS): $(DIST)/bin/plumbline
	ln -f $< $@

# Both in one archive: make image ARCHES="amd64 arm64".
ARCHES ?= $(or $(ARCH),$(HOST_ARCH))
executable_of = $(DIST)/$(if $(filter-out $(HOST_ARCH),$(1)),$(1)/)bin/plumbline

.PHONY: image image-tree
image: $(foreach arch,$(ARCHES),$(call executable_of,$(arch))) ## [ARCHES="amd64 arm64"] [RUNTIME=bun] an OCI image archive in dist/image, without a registry
	$(NODE) scripts/image.ts --runtime $(RUNTIME) $(ARCHES:%=--arch %)
image-tree: $(foreach arch,$(ARCHES),$(call executable_of,$(arch)))
	$(NODE) scripts/image.ts --runtime $(RUNTIME) $(ARCHES:%=--arch %) --tree dist/image/tree

.PHONY: demo
demo: setup-demo build ## connect two namespaces with the built plugins, and let them ping
	$(AS_ROOT) sh scripts/demo.sh

.PHONY: test
test: lint test-unit test-e2e test-e2e-bun test-vm ## all tests that fit into half an hour

.PHONY: lint lint-types lint-style lint-layers lint-schemas
lint: lint-types lint-style lint-layers lint-schemas ## types, style, layers, whether schemas/ is fresh
lint-types: setup-build
	$(NODE) node_modules/typescript/bin/tsc --noEmit
lint-style: setup-build
	$(NODE) node_modules/@biomejs/biome/bin/biome check
lint-layers: setup-build
	$(NODE) scripts/check-layers.ts
lint-schemas: setup-build
	$(NODE) scripts/schemas.ts --check
	$(NODE) scripts/plain.ts --check

.PHONY: schemas
schemas: setup-build ## out of the plugins' schemas: JSON Schemas for editors, and readers of what is plain
	$(NODE) scripts/schemas.ts
	$(NODE) scripts/plain.ts

.PHONY: topology
topology: setup-build ## the example of docs/topology.md, out of docs/topology.json
	$(NODE) scripts/topology.ts

.PHONY: format
format: setup-build ## rewrite the sources as the linter wants them
	$(NODE) node_modules/@biomejs/biome/bin/biome check --write

.PHONY: test-unit
test-unit: setup-test ## pure logic, no root needed
	env PATH="$(TOOLPATH)" $(VITEST) --project unit --outputFile.json=$(REPORTS)/unit.json

.PHONY: test-e2e
test-e2e: setup-test build ## [RUNTIME=bun] the built executable in network namespaces (root)
	$(AS_ROOT) $(VITEST) --project e2e$(SUFFIX) --outputFile.json=$(REPORTS)/e2e$(SUFFIX).json

# The same make again, so that it is built and tested as by hand.
.PHONY: test-e2e-bun test-vm-bun
test-e2e-bun:
	$(MAKE) test-e2e RUNTIME=bun
test-vm-bun:
	$(MAKE) test-vm RUNTIME=bun

.PHONY: test-vm
test-vm: setup-vm build ## [RUNTIME=bun] the same on a full kernel in a virtual machine (PLUMBLINE_VM_FILES=words: some files)
	$(AS_ROOT) PLUMBLINE_RUNTIME=$(RUNTIME) $(VITEST) --project vm --outputFile.json=$(REPORTS)/vm$(SUFFIX).json

.PHONY: vm-shell
vm-shell: setup-vm build ## a shell in that virtual machine, on its serial console
	$(AS_ROOT) sh test/vm/shell.sh

.PHONY: test-full
test-full: export PLUMBLINE_TEST_FULL := 1
test-full: test test-vm-bun ## all tests, with the long forms of those that have one

.PHONY: bench
bench: setup-test build ## [BEFORE=other/dist] measure both builds against the reference plugins, in one run
	$(MAKE) --no-print-directory build RUNTIME=bun
	$(NODE) test/bench/build-empty.ts
	$(AS_ROOT) $(NODE) test/bench/run.ts --readme README.md $(BEFORE:%=--before '%')

.PHONY: bench-vm
bench-vm: setup-vm build ## the scenarios that need a full kernel, measured in the virtual machine
	$(AS_ROOT) sh test/vm/bench.sh 'ipvlan|ovs.*kernel|sriov'

.PHONY: install
install: build ## [DESTDIR=] [BINDIR=/opt/cni/bin] [AS_BRIDGE=1] [FORCE=1] [RUNTIME=bun]
	$(DIST)/bin/plumbline install --bin-dir '$(DESTDIR)$(BINDIR)' $(if $(AS_BRIDGE),--as-bridge) $(if $(FORCE),--force)

.PHONY: uninstall
uninstall: build ## [DESTDIR=] [BINDIR=/opt/cni/bin]: remove our files only
	$(DIST)/bin/plumbline uninstall --bin-dir '$(DESTDIR)$(BINDIR)'

# Beside the plugins, for people: the folders where man and the shells look for what all users have.
DATADIR ?= /usr/local/share
MANDIR ?= $(DATADIR)/man
BASH_COMPLETION = $(DESTDIR)$(DATADIR)/bash-completion/completions/plumbline
ZSH_COMPLETION = $(DESTDIR)$(DATADIR)/zsh/site-functions/_plumbline
FISH_COMPLETION = $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/plumbline.fish
PAGES = plumbline $(PLUGINS:%=plumbline-%)

.PHONY: man
man: setup-build ## manual pages in dist/man, out of the READMEs and the commands' definitions
	$(NODE) scripts/man.ts

.PHONY: install-man uninstall-man
install-man: man ## [DESTDIR=] [MANDIR=/usr/local/share/man]: man plumbline, man plumbline-ovs, ...
	install -d '$(DESTDIR)$(MANDIR)/man8'
	install -m 644 $(PAGES:%=dist/man/man8/%.8) '$(DESTDIR)$(MANDIR)/man8'
uninstall-man: ## [DESTDIR=] [MANDIR=/usr/local/share/man]
	rm -f $(PAGES:%='$(DESTDIR)$(MANDIR)/man8/%.8')

.PHONY: install-completion uninstall-completion
install-completion: build ## [DESTDIR=] [DATADIR=/usr/local/share]: of bash, zsh and fish
	install -d '$(dir $(BASH_COMPLETION))' '$(dir $(ZSH_COMPLETION))' '$(dir $(FISH_COMPLETION))'
	$(DIST)/bin/plumbline completion bash >'$(BASH_COMPLETION)'
	$(DIST)/bin/plumbline completion zsh >'$(ZSH_COMPLETION)'
	$(DIST)/bin/plumbline completion fish >'$(FISH_COMPLETION)'
uninstall-completion: ## [DESTDIR=] [DATADIR=/usr/local/share]
	rm -f '$(BASH_COMPLETION)' '$(ZSH_COMPLETION)' '$(FISH_COMPLETION)'

.PHONY: setup-build setup-cross setup-demo setup-test setup-vm
setup-build setup-cross setup-demo setup-test setup-vm:
	@sh scripts/setup.sh $(@:setup-%=%)

.PHONY: clean
clean: ## remove what was built
	rm -rf dist coverage tmp $(REPORTS)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'
