#!/usr/bin/env bash
# Installs what the tests need beside Python (a browser, Java, Maven) where this machine lets us: Debian's packages, as
# root. Elsewhere it says in one line what is missing, and the tests that need it skip with that reason.
set -eu

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
	missing+=(chromium fonts-dejavu-core)
command -v java >/dev/null || missing+=(default-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
[ ${#missing[@]} -eq 0 ] && exit 0

if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
	echo "installing for the tests: ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
		exit 0
	fi
fi
echo "not on this machine, and not to be installed by us: ${missing[*]}; the tests that need them skip" >&2
