#!/usr/bin/env bash
# Installs, on Debian or Ubuntu, the servers and browsers that the tests can use. Nothing stays running: each test starts
# what it needs on free ports, with a folder of its own.
set -euo pipefail

packages=(influxdb mosquitto mosquitto-clients curl jq firefox-esr chromium openssl fonts-dejavu-core)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "services: all there: ${packages[*]}"
  exit 0
fi
command -v apt-get >/dev/null || { echo "services: this needs Debian or Ubuntu; install by hand: ${missing[*]}" >&2; exit 1; }
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "services: run this as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
log=$(mktemp)
echo "services: installing ${missing[*]} (a minute or two; details in $log)"
export DEBIAN_FRONTEND=noninteractive
# No service is to start by itself: policy-rc.d says no to all while packages are set up.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod +x "$policy"
  made_policy=yes
fi
cleanup() { if [ "$made_policy" = yes ]; then "${as_root[@]}" rm -f "$policy"; fi; }
trap cleanup EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -20 "$log" >&2
  exit 1
fi
echo "services: installed"
