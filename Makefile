# make demo and make test are all one needs; make help lists the rest.

SHELL := /bin/bash -o pipefail
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

DEMO := assets/demo
# Where cargo puts it.
PROGRAM := $(or $(CARGO_TARGET_DIR),target)/release/musiccircles
.PHONY: help demo run test test-more torture figures check bench image media clean-demo

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## Install what is missing, build, render the bundled song to demo.mp4 (60 s)
	@.ci/install build run rust
	cargo build --release --locked
	$(PROGRAM) render $(DEMO)/demo.mp3 --cover $(DEMO)/cover.jpg --duration 60 -o demo.mp4

run: ## Install what is missing, build, start the service; it prints the studio's address (Ctrl-C ends it)
	@.ci/install build run rust
	cargo build --release --locked
	$(PROGRAM) serve

test: ## Install what is missing, run everything CI runs
	@.ci/install build run test axe rust lint deny
	@$(MAKE) --no-print-directory check
	@if cargo nextest --version >/dev/null 2>&1; \
	 then cargo nextest run --locked --tests --no-fail-fast --test-threads $$(($$(nproc) * 2)); \
	 else cargo test --locked --tests --no-fail-fast; fi

test-more: ## The tests that take long, beside those of make test (an hour, and 10 GB of disk)
	@.ci/install build run test rust
	cargo test --locked --tests -- --ignored --skip torture:: --skip figures::

torture: ## 10,000 circles through 200 kill -9 and a Telegram that misbehaves: each arrives once (ten minutes)
	@.ci/install build run test rust
	cargo test --locked --test all torture:: -- --test-threads 1 --include-ignored --nocapture

figures: ## What the service takes for a card, a status, a circle, a crowd, a crash (ten minutes, nothing beside it)
	@.ci/install build run test rust
	cargo test --release --locked --test all figures:: -- --ignored --test-threads 1 --nocapture

check: ## Format, lints, licences and sources of the dependencies
	cargo fmt --check
	cargo deny --locked check licenses bans sources
	cargo clippy --all-targets --locked -- -D warnings

bench: ## Criterion benches of each step, then the circle against the usual ffmpeg commands
	@.ci/install build run test rust
	cargo bench --locked
	cargo build --release --locked
	$(PROGRAM) bench

image: ## Build the image for NVIDIA hosts
	docker build -f Dockerfile.cuda -t musiccircles .

media: ## Compose the demo song, paint the covers and draw the themes' previews anew
	@.ci/install build run test rust
	cargo run --release --locked --example compose-demo -- target/media
	ffmpeg -v error -y -i target/media/demo.wav -map_metadata -1 -c:a libmp3lame -q:a 4 -id3v2_version 3 \
	  -metadata title="First Pressing" -metadata artist="MusicCircles" -metadata date=2026 -metadata copyright="CC0 1.0" \
	  $(DEMO)/demo.mp3
	cp target/media/cover.jpg $(DEMO)/cover.jpg
	cp target/media/default-cover.png assets/default-cover.png
	cargo build --release --locked
	for theme in vinyl picture color cover cd cassette neon lyrics; do \
	  lyrics=; [ $$theme = lyrics ] && lyrics="--lyrics assets/themes/preview.lrc"; \
	  $(PROGRAM) frame $(DEMO)/demo.mp3 --cover $(DEMO)/cover.jpg --theme $$theme $$lyrics \
	    --start 40 --at 4.2 --size 320 -o target/media/$$theme.png && \
	  ffmpeg -v error -y -i target/media/$$theme.png -q:v 4 -map_metadata -1 -bitexact assets/themes/$$theme.jpg && \
	  $(PROGRAM) render $(DEMO)/demo.mp3 --cover $(DEMO)/cover.jpg --theme $$theme $$lyrics --set loop=on \
	    --start 40 --duration 4 --size 240 --fps 25 --max-bytes 160000 --encoder x264 -o target/media/$$theme.mp4 && \
	  ffmpeg -v error -y -i target/media/$$theme.mp4 -an -c copy -map_metadata -1 -bitexact -movflags +faststart \
	    assets/themes/$$theme.mp4 || exit 1; \
	done

clean-demo: ## Remove demo.mp4
	rm -f demo.mp4
