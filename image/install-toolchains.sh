#!/bin/sh
# Toolchains of Amazon Linux 2023, for the parameter Toolchains (docs/image.md), and what commands called in LambCI:
# ~/init/LANGUAGE, which the sandbox's HOME links to /opt/lambci/init. Run it as root while the image is built.
#
# usage: install-toolchains.sh none | NAME,…    (go, java, php, ruby, rust, node20, node22)
set -eu
# Lambda's own libraries, in /var/lang/lib, do not fit the programs of Amazon Linux.
unset LD_LIBRARY_PATH

lambci=/opt/lambci
mkdir -p "$lambci/init"

fail() {
  echo "install-toolchains.sh: $*" >&2
  exit 1
}
add() { microdnf install -y "$@" || fail "microdnf cannot install $*"; }

# init LANGUAGE COMMAND [VARIABLES]: a file to be sourced, which shows the version that there is and sets the variables.
init() {
  cat >"$lambci/init/$1" <<END
# usage: . ~/init/$1 [VERSION]    (as in LambCI; the image has one version, whatever number is given)
${3:-}
echo "~/init/$1\${1:+ \$1}: the image has \$($2 2>&1 | sed -n 1p)" >&2
END
}

# Names of Amazon Linux carry a version, such as ruby3.4-bundle or node-22.
link() {
  [ -e "$1" ] || fail "there is no $1"
  ln -sf "$1" "$2"
}

install() {
  case $1 in
    go)
      add golang
      init go 'go version' 'export GOPATH="${GOPATH:-$HOME/go}" PATH="$PATH:${GOPATH:-$HOME/go}/bin"'
      ;;
    java)
      add java-21-amazon-corretto-devel maven
      init java 'java -version' 'export JAVA_HOME=/usr/lib/jvm/java-21-amazon-corretto PATH="/usr/lib/jvm/java-21-amazon-corretto/bin:$PATH"'
      ;;
    php)
      add php8.4-cli php8.4-mbstring php8.4-xml php8.4-pdo php8.4-intl php8.4-bcmath php8.4-process composer
      init php 'php --version' 'export COMPOSER_HOME="${COMPOSER_HOME:-$HOME/.composer}" PATH="$PATH:${COMPOSER_HOME:-$HOME/.composer}/vendor/bin"'
      ;;
    ruby)
      add ruby3.4 ruby3.4-devel ruby3.4-rubygem-bundler libyaml-devel zlib-devel openssl-devel libffi-devel
      for tool in gem bundle bundler; do link "/usr/bin/ruby3.4-$tool" "/usr/local/bin/$tool"; done
      link /usr/bin/ruby3.4 /usr/local/bin/ruby
      init ruby 'ruby --version' 'export GEM_HOME="${GEM_HOME:-$HOME/.gem}" PATH="${GEM_HOME:-$HOME/.gem}/bin:$PATH"'
      ;;
    rust)
      add rust cargo
      init rust 'rustc --version' 'export PATH="$PATH:$HOME/.cargo/bin"'
      ;;
    node20 | node22)
      major=${1#node}
      add "nodejs$major" "nodejs$major-npm"
      mkdir -p "/opt/$1/bin"
      for tool in node npm npx; do link "/usr/bin/$tool-$major" "/opt/$1/bin/$tool"; done
      ;;
    *) fail "there is no toolchain $1: use go, java, php, ruby, rust, node20 or node22" ;;
  esac
}

# Without quotes, to get words.
names=$(echo "$1" | sed 's/^none$//' | tr , ' ')
for name in $names; do install "$name"; done
microdnf clean all
init python 'python3 --version'
init gcc 'gcc --version'
echo "$names" >"$lambci/toolchains"
