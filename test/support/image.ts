import { join } from 'node:path'

const IMAGE = join(import.meta.dirname, '..', '..', 'image')

/** Stands in for Amazon Linux's package manager: each package has a program that says which it is. Others it does not know. */
const MICRODNF = `#!/bin/sh
[ "$1 $2" = "install -y" ] || [ "$1 $2" = "clean all" ] || exit 64
shift 2
program() { printf '#!/bin/sh\\necho "%s"\\n' "$2" > "/usr/bin/$1"; chmod +x "/usr/bin/$1"; }
for package; do
  case $package in
    golang) program go 'go version go1.25.3' ;;
    php8.4-cli) program php 'PHP 8.4.1 (cli)' ;;
    ruby3.4) for tool in '' -gem -bundle -bundler; do program "ruby3.4$tool" "ruby 3.4.1$tool"; done ;;
    nodejs22) program node-22 v22.20.0 ;;
    nodejs22-npm) program npm-22 10.9.3; program npx-22 10.9.3 ;;
    php8.4-* | composer | ruby3.4-* | *-devel) ;;
    *) echo "No match for argument: $package" >&2; exit 1 ;;
  esac
done
`

/**
 * A script that makes of this machine, in a mount namespace, what image/Dockerfile makes of Lambda's: by the same scripts, with
 * a stand-in for the package manager, and this machine's programs.
 */
export const asImage = (toolchains = 'none') => `
layers=$(mktemp -d); mount -t tmpfs tmpfs "$layers"; mkdir "$layers/upper" "$layers/work"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$layers/upper,workdir=$layers/work" /usr
chmod 755 /opt
cat > /usr/local/bin/microdnf <<'END'
${MICRODNF}END
chmod +x /usr/local/bin/microdnf
rm -f /usr/local/bin/node; touch /usr/local/bin/node; mount --bind ${process.execPath} /usr/local/bin/node
LD_LIBRARY_PATH=/var/lang/lib sh ${IMAGE}/install-toolchains.sh '${toolchains}'
install -m 755 ${IMAGE}/nave /usr/local/bin/nave
install -m 755 ${IMAGE}/smoke-test.sh /opt/lambci/smoke-test.sh
sh ${IMAGE}/patch-dev-fd.sh > /dev/null`

/** A script that gives the user entries, as the image does. */
export const WITH_USERS = `
for name in passwd group; do cp /etc/$name /opt/$name; mount --bind /opt/$name /etc/$name; done
sh ${IMAGE}/add-lambda-users.sh`

/** A script that runs the program as a user of Lambda's, who may write to an empty /tmp alone. */
export const AS_LAMBDA_USER = `
tmp=$(mktemp -d); mount -t tmpfs -o mode=1777 tmpfs "$tmp"; mount --move "$tmp" /tmp
for point in / /usr /opt; do ! mountpoint -q "$point" || mount -o remount,bind,ro "$point"; done
cd /
set -- setpriv --reuid 993 --regid 990 --clear-groups --no-new-privs "$@"`
