import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inLambdaDev, whyNoLambdaDev } from '../../support/lambda-dev.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PATCH = join(ROOT, 'image', 'patch-dev-fd.sh')
const ADD_USERS = join(ROOT, 'image', 'add-lambda-users.sh')
const LAMBCI = join(ROOT, 'bin', 'lambci.js')
const BASH = '/bin/bash'

const reason = whyNoLambdaDev()
if (reason !== null) console.warn(`Commands are not run with Lambda's /dev here: ${reason}.`)

const SCRIPT = `
echo a loop; while read -r x; do echo "$x"; done < <(echo a; echo b)
echo two at once; diff <(echo a) <(echo b)
echo into a process; echo a | tee >(sed s/a/b/ > copy) > /dev/null; until [ -s copy ]; do sleep 0.01; done; cat copy
echo in a script; printf '#!/bin/bash\\ncat <(echo a)\\n' > script; chmod +x script; ./script
echo in a function and a test; f() { mapfile -t lines < <(echo a); }; f; [ -p <(:) ] && echo "$lines"
echo by sh; sh -c 'echo a > /dev/stdout; echo b > /dev/stderr; echo c | cat /dev/stdin'
exec > >(sed s/a/b/)
echo a filter
`
const EXPECTED = `a loop
a
b
two at once
1c1
< a
---
> b
into a process
b
in a script
a
in a function and a test
a
by sh
a
b
c
b filter`

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambda-dev-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** A working copy whose command is the script. */
async function workingCopy(script: string): Promise<string> {
  const cwd = await mkdtemp(join(directory, 'copy-'))
  await writeFile(join(cwd, '.lambci.json'), JSON.stringify({ cmd: 'bash test.sh' }))
  await writeFile(join(cwd, 'test.sh'), script)
  await execa('git', ['init', '-q', '-b', 'master'], { cwd })
  await execa('git', ['add', '.'], { cwd })
  const ada = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false']
  await execa('git', [...ada, 'commit', '-qm', 'Add a test'], { cwd })
  return cwd
}

const run = (cwd: string, prepare: string) => inLambdaDev(prepare, [process.execPath, LAMBCI, 'run'], { cwd })

/** Patches a copy of this machine's bash and puts it in the place of the real one. */
async function withPatchedBash(): Promise<string> {
  const copy = join(await mkdtemp(join(directory, 'bash-')), 'bash')
  await copyFile(BASH, copy)
  return `sh ${PATCH} ${copy} > /dev/null; mount --bind ${copy} "$(readlink -f ${BASH})"`
}

describe.skipIf(reason !== null)("with Lambda's /dev", () => {
  test('an ordinary bash skips the loop over a process substitution, so that nothing may be built with it', async () => {
    const loop = 'while read -r line; do echo "tested $line"; done < <(echo one); echo "passed"'
    const bare = await inLambdaDev('', ['bash', '-c', loop])
    expect([bare.exitCode, bare.stdout]).toEqual([0, 'passed'])

    const { exitCode, stdout, stderr } = await run(await workingCopy(loop), '')
    expect(exitCode).not.toBe(0)
    expect(stdout).not.toContain('passed')
    expect(stderr).toMatch(
      /Process substitution does not work in bash, because this machine has no \/dev\/fd/,
    )
    expect(stderr).toContain('image/patch-dev-fd.sh')
  })

  test('the patched bash of the image has process substitution', async () => {
    const { exitCode, stdout } = await run(await workingCopy(SCRIPT), await withPatchedBash())
    const lines = stdout.split('\n').filter(line => !line.startsWith('▸'))
    expect({ exitCode, output: lines.join('\n') }).toEqual({ exitCode: 0, output: EXPECTED })
  })

  test('a PATH of the configuration with another bash is tried as well', async () => {
    const cwd = await workingCopy('echo passed')
    const bin = await mkdtemp(join(directory, 'bin-'))
    await copyFile(BASH, join(bin, 'bash'))
    await writeFile(join(cwd, '.lambci.json'), JSON.stringify({ cmd: 'bash test.sh', env: { PATH: bin } }))
    const { exitCode, stderr } = await run(cwd, await withPatchedBash())
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('Process substitution does not work')
  })

  test.each([
    ['is no shell', 'cp /bin/true "$p"'],
    ['has no process substitution', 'printf "#!/bin/sh\\nexit 2\\n" > "$p"; chmod +x "$p"'],
    ['does not exist', 'rm -f "$p"'],
  ])('the patch fails where it has no effect: a program that %s', async (_, make) => {
    const p = join(await mkdtemp(join(directory, 'program-')), 'program')
    const { exitCode, stderr } = await inLambdaDev(`p=${p}; ${make}`, ['sh', PATCH, p])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`patch-dev-fd.sh: `)
  })

  test('a bash that is patched or needs no patch stays as it is', async () => {
    const copy = join(directory, 'twice')
    await copyFile(BASH, copy)
    const patch = () => inLambdaDev('', ['sh', PATCH, copy])
    expect((await patch()).stdout).toMatch(/twice: process substitution by \/opt\/fd\/\d+$/)
    const once = await readFile(copy)
    expect((await patch()).exitCode).toBe(0)
    expect((await readFile(copy)).equals(once)).toBe(true)
    expect(once).toHaveLength((await readFile(BASH)).length)
  })

  test("Lambda's users have names, homes and groups, and come before what packages have added", async () => {
    const [passwd, group] = [join(directory, 'passwd'), join(directory, 'group')]
    await writeFile(
      passwd,
      'root:x:0:0:root:/root:/bin/bash\nchrony:x:993:990::/var/lib/chrony:/sbin/nologin\n',
    )
    await writeFile(group, 'root:x:0:\n')
    const prepare = `mount --bind ${passwd} /etc/passwd; mount --bind ${group} /etc/group
sh ${ADD_USERS}; sh ${ADD_USERS}`
    const asUser = (...command: string[]) =>
      inLambdaDev(prepare, ['setpriv', '--reuid', '993', '--regid', '990', '--clear-groups', ...command])
    const script = `id -un; id -gn; cd /; EMAIL=a@b.example git var GIT_AUTHOR_IDENT; echo ~sbx_user1176`
    const { stdout } = await asUser('sh', '-c', script)
    expect(stdout).toMatch(/^sbx_user1051\nsbx_user1051\nlambci <a@b\.example> .*\n\/tmp\/home$/)
    const lines = (await readFile(passwd, 'utf8')).split('\n')
    expect(lines).toHaveLength(3 + 126)
    expect(lines.at(-2)).toMatch(/^chrony:/)
    expect(lines.at(-3)).toBe('sbx_user1176:x:868:865:lambci:/tmp/home:/bin/bash')
  })
})
