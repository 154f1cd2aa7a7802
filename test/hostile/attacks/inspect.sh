# Reports what is left of the previous build.
echo "home: $(ls -A "$HOME" | tr '\n' ' ')"
echo "temp: $(ls -A "$TMPDIR" | tr '\n' ' ')"
echo "sandbox: $(ls -A .. | tr '\n' ' ')"
echo "mirrors: $(ls -A ../mirrors | tr '\n' ' ')"
echo "programs: $(for name in git bash node; do type -p "$name"; done | grep -c "$HOME")"
echo "config: $(git config --list --show-origin | grep -Ec 'hooks|alias')"
echo "hooks: $(ls .git/hooks | grep -vc sample)"
own=$(dirname "$HOME")
session() { read -ra fields 2>/dev/null <"/proc/$1/stat" && echo "${fields[5]}"; }
here=$(
  find /proc/[0-9]*/cwd /proc/[0-9]*/exe -maxdepth 0 -lname "$own*" 2>/dev/null
  grep -lzs "^HOME=$own" /proc/[0-9]*/environ
)
others=0
for pid in $(cut -d/ -f3 <<<"$here" | sort -u); do
  case " $$ $PPID " in *" $pid "*) continue ;; esac
  # This command's own processes have the same session, and some have ended already.
  its=$(session "$pid") && [ "$its" != "$(session $$)" ] || continue
  others=$((others + 1))
done
echo "daemons: $others"
