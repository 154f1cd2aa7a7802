#!/bin/bash
# Tries every tool that a build may count on. Run it where builds run, with the environment that commands get:
# one line per tool, "ok" or "FAULT". The exit code is 0 if there is no fault. It needs no network, and about 20 MB of $TMPDIR.
#
# usage: smoke-test.sh [TOOLCHAIN…]    (those of the image, unless toolchains are named)
set -u
toolchains=/opt/lambci/toolchains
faults=0
limit=60

directory=$(mktemp -d "${TMPDIR:-/tmp}/smoke-test.XXXXXX") || exit 1
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 1

# check NAME SCRIPT: runs the script with bash. The last line that it writes describes the tool, or the fault.
check() {
  local output status
  output=$(timeout "$limit" bash -euo pipefail -c "$2" 2>&1 </dev/null)
  status=$?
  output=$(printf %s "$output" | tail -n 1 | tr -cd '[:print:]' | cut -c 1-100)
  if [ "$status" -eq 0 ]; then
    printf 'ok     %-22s%s\n' "$1" "$output"
  else
    [ "$status" -ne 124 ] || output="no answer within $limit seconds"
    printf 'FAULT  %-22s%s\n' "$1" "${output:-exit code $status}"
    faults=$((faults + 1))
  fi
}
# version NAME: the first line of NAME --version.
version() { check "$1" "$1 --version | sed -n 1p"; }

check user 'id -un && [ "$(whoami)" = "$(id -un)" ]'
check home 'touch ~/.smoke-test && rm ~/.smoke-test && echo ~'
check 'library path' 'echo "${LD_LIBRARY_PATH:-not set}"; [ -z "${LD_LIBRARY_PATH:-}" ]'
version bash
check 'process substitution' 'while read -r line; do echo "$line"; done < <(echo works) | grep works'
for name in find xargs diff patch ps sed grep curl make; do version "$name"; done
check awk 'echo one two | awk "{ print \$2 }" | grep two'
check which 'which bash'
check tar 'echo text > file && tar czf file.tgz file && tar xzOf file.tgz | grep -q text && tar --version | sed -n 1p'
for name in gzip bzip2 xz zstd; do
  check "$name" "echo text | $name -c | $name -dc | grep -q text && $name --version 2>&1 </dev/null | sed -n 1p"
done
check zip 'echo text > file && zip -q file.zip file && unzip -p file.zip file | grep text'
check jq "[ \"\$(echo '{\"a\": 1}' | jq .a)\" = 1 ] && jq --version"
check git 'git init -q -b main repository && cd repository && git -c user.email=a@example.com -c user.name=a commit -q --allow-empty -m x && git --version'
check git-lfs 'git-lfs version'
check 'git over HTTPS' 'output=$(git remote-https 2>&1) || true; echo "$output" | grep usage'
check ssh 'ssh -V'
check node 'node -e "
  const { createHash } = require(\"node:crypto\")
  createHash(\"sha256\").update(\"text\").digest(\"hex\")
  console.log(process.version)
  process.exit(Number(process.versions.node.split(\".\")[0]) < 24 ? 1 : 0)"'
version npm
check npx 'npx --version'
check python3 'python3 -c "
import bz2, ctypes, hashlib, lzma, sqlite3, ssl, sys, venv, zlib
hashlib.sha256(b\"text\").hexdigest()
assert sys.version_info >= (3, 12), sys.version
print(sys.version.split()[0], ssl.OPENSSL_VERSION)"'
check python 'python -c "import sys; assert sys.version_info >= (3, 12), sys.version; print(sys.executable)"'
check pip 'pip --version && python3 -m pip --version'
check venv 'python3 -m venv --without-pip environment && environment/bin/python --version'
check gcc 'echo "int main(void) { return 0; }" > a.c && gcc a.c -o a && ./a && gcc --version | sed -n 1p'
check g++ 'printf "#include <string>\nint main() { return std::string().size(); }\n" > b.cc && g++ b.cc -o b && ./b && g++ --version | sed -n 1p'
check 'Python.h' 'echo "#include <Python.h>" > c.c && gcc -c -I"$(python3 -c "import sysconfig; print(sysconfig.get_path(\"include\"))")" c.c && echo found'
check aws 'aws --version'
check certificates 'python3 -c "
import ssl
count = len(ssl.create_default_context().get_ca_certs())
assert count > 50, \"%d authorities\" % count
print(count, \"authorities\")"'

toolchain() {
  case $1 in
    go)
      check go 'printf "package main\nfunc main() {}\n" > main.go && GOCACHE=$PWD/go-build GOTOOLCHAIN=local go run main.go && go version'
      ;;
    java)
      check java 'printf "class A { public static void main(String[] a) { System.out.println(System.getProperty(\"java.version\")); } }" > A.java && javac A.java && java A'
      check mvn 'mvn --version | sed -n 1p'
      ;;
    php)
      check php 'php -r "mb_strlen(\"x\"); new DOMDocument(); new PDO(\"sqlite::memory:\"); echo PHP_VERSION;"'
      check composer 'composer --version --no-ansi 2>/dev/null | tail -n 1'
      ;;
    ruby)
      check ruby 'ruby -ropenssl -rpsych -rzlib -e "puts RUBY_VERSION"'
      check bundle 'bundle --version'
      check 'ruby.h' 'ruby -rrbconfig -e "exit File.exist?(File.join(RbConfig::CONFIG[%q(rubyhdrdir)], %q(ruby.h)))" && echo found'
      ;;
    rust)
      check rustc 'echo "fn main() {}" > d.rs && rustc d.rs -o d && ./d && rustc --version'
      version cargo
      ;;
    node20 | node22)
      check "$1" "/opt/$1/bin/node --version | grep '^v${1#node}[.]' && PATH=/opt/$1/bin:\$PATH npm --version && nave use ${1#node} node --version"
      ;;
    *)
      check "$1" 'echo "is not a toolchain that this test knows"; exit 1'
      ;;
  esac
}
# Words without quotes: names of toolchains have no spaces.
[ $# -gt 0 ] || set -- $(cat "$toolchains" 2>/dev/null || true)
for name in "$@"; do toolchain "$name"; done

[ "$faults" -eq 0 ] || echo "$faults faults" >&2
[ "$faults" -eq 0 ]
