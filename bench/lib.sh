# What the benches share: programs built once, servers on free ports, and none of them left behind. Source it from the repository's root.
work=$(mktemp -d)
bin=${BIN:-$work/bin}
# Ends what still runs in the background of this shell, and nothing else.
finish() { stop $(jobs -pr); rm -rf "$work"; }
trap finish EXIT

# build PROGRAM FOLDER PROJECT
build() { [ -x "$bin/$2/$1" ] || dotnet publish "$3" -c Release -v q -p:SkipUi=true -o "$bin/$2" >/dev/null; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { for _ in $(seq 300); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done; echo "nothing listens on port $1" >&2; exit 1; }
stop() { for pid in "$@"; do kill "$pid" 2>/dev/null || true; done; for pid in "$@"; do wait "$pid" 2>/dev/null || true; done; }
