#!/bin/sh
# Entries for the users as whom Lambda runs functions: 993 and downwards, with the names that Lambda itself gives them. An
# image has none, and then `git commit`, `ssh`, Python's getpass and Node's os.userInfo fail. Run it as root while an image
# is built, after everything is installed: if a package's user has one of these ids, Lambda's entry is found first.
#
# usage: add-lambda-users.sh [PASSWD GROUP]    (/etc/passwd and /etc/group)
set -eu
passwd=${1:-/etc/passwd}
group=${2:-/etc/group}

users=
groups=
uid=993
while [ $uid -ge 868 ]; do
  name=sbx_user$((1051 + 993 - uid))
  gid=$((uid - 3))
  # The home is the sandbox's HOME, because ssh looks for its files here and not in $HOME.
  users="$users$name:x:$uid:$gid:lambci:/tmp/home:/bin/bash
"
  groups="$groups$name:x:$gid:
"
  uid=$((uid - 1))
done

# Behind the first line, which is root's.
insert() {
  ! grep -q '^sbx_user1051:' "$1" || return 0
  { head -n 1 "$1" && printf %s "$2" && tail -n +2 "$1"; } >"$1.new"
  cat "$1.new" >"$1"
  rm "$1.new"
}

insert "$passwd" "$users"
insert "$group" "$groups"
grep -q '^sbx_user1051:x:993:990:' "$passwd" && grep -q '^sbx_user1051:x:990:' "$group" || {
  echo "add-lambda-users.sh: $passwd or $group has another sbx_user1051 than Lambda's" >&2
  exit 1
}
