# Processes that leave their process group and respawn, as many as the test machine can bear.
mkdir -p "$HOME/bomb"
cat >"$HOME/bomb/chain" <<'END'
#!/bin/bash
[ "$1" -gt 0 ] || exit 0
setsid "$0" $(($1 - 1)) &
END
chmod 755 "$HOME/bomb/chain"
for _ in $(seq 8); do setsid "$HOME/bomb/chain" 4000 & done
for _ in $(seq 40); do setsid sleep 1000 & done
echo exploded
