#!/bin/bash
# A placeholder for a test suite. It exits with 0 if all checks pass.
set -eu
failed=0
check() {
  if [ "$2" = "$3" ]; then
    printf '  \033[32m✓\033[0m %s\n' "$1"
  else
    printf '  \033[31m✗\033[0m %s: expected "%s", got "%s"\n' "$1" "$3" "$2"
    failed=1
  fi
}

echo "Testing $LAMBCI_REPO at ${LAMBCI_COMMIT:0:10}"
check 'greets by name' "$(./greet.sh World)" 'Hello, World!'
check 'greets everyone' "$(./greet.sh)" 'Hello, everyone!'
exit $failed
