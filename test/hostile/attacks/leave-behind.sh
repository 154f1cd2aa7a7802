# Leaves as many files, settings and processes as it can for the next build.
mkdir -p "$HOME/.local/bin" "$HOME/.config/git" "$HOME/.ssh"
for name in git bash sh node npm env ls; do
  printf '#!/bin/sh\necho a changed %s\n' "$name" >"$HOME/.local/bin/$name"
  chmod 755 "$HOME/.local/bin/$name"
done
for name in .bashrc .bash_profile .profile .bash_env .zshenv; do echo 'echo a changed shell' >"$HOME/$name"; done
/usr/bin/env -S git config --global core.hooksPath "$HOME/hooks"
git config --global alias.fetch '!echo a changed git'
git config core.hooksPath "$PWD/hooks"
printf '#!/bin/sh\necho a hook\n' >.git/hooks/post-checkout
chmod 755 .git/hooks/post-checkout
echo 'prefix = /nowhere' >"$HOME/.npmrc"
echo left >"$TMPDIR/left"
echo left >"../left"
echo left >"../mirrors/left"
printf '[core]\n\tfsmonitor = echo a changed git\n' | tee -a ../mirrors/*/config >/dev/null
mkdir -p ../locked/inside && chmod 000 ../locked
ln -s / ../root
mkfifo ../fifo
setsid sleep 1000 &
(setsid bash -c 'cd /; exec sleep 1000' &)
nohup sleep 1000 >/dev/null 2>&1 &
env -i HOME="$HOME" setsid bash -c 'cd /; while :; do sleep 1; done' >/dev/null 2>&1 &
cp /bin/sleep "$TMPDIR/daemon" && (cd / && env -i setsid "$TMPDIR/daemon" 1000 >/dev/null 2>&1 &)
echo "left in $HOME"
