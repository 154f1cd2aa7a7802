# Reports what is left of the previous build.
echo "home: $(ls -A "$HOME" | tr '\n' ' ')"
echo "temp: $(ls -A "$TMPDIR" | tr '\n' ' ')"
echo "sandbox: $(ls -A .. | tr '\n' ' ')"
echo "mirrors: $(ls -A ../mirrors | tr '\n' ' ')"
echo "programs: $(for name in git bash node; do type -p "$name"; done | grep -c "$HOME")"
echo "config: $(git config --list --show-origin | grep -Ec 'hooks|alias')"
echo "hooks: $(ls .git/hooks | grep -vc sample)"
own=$(dirname "$HOME")
mine=" $$ $PPID "
others=0
for process in /proc/[0-9]*; do
  pid=${process#/proc/}
  case $mine in *" $pid "*) continue ;; esac
  # This command's own processes have the same session.
  [ "$(cut -d' ' -f6 "$process/stat" 2>/dev/null)" = "$(cut -d' ' -f6 /proc/$$/stat)" ] && continue
  if [ "$(readlink "$process/cwd" "$process/exe" 2>/dev/null | grep -c "^$own")" != 0 ] ||
    tr '\0' '\n' <"$process/environ" 2>/dev/null | grep -q "^HOME=$own"; then
    others=$((others + 1))
  fi
done
echo "daemons: $others"
