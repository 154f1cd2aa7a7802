import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

type Result = { exitCode: number; stdout: string; stderr: string }

/**
 * Serves a command that this process runs itself. `script` is a program of bash that has it run with its arguments and
 * directory, and then ends as the command did: ten times as fast as a program in Node.
 */
export async function serveCommand(run: (args: string[], cwd: string) => Result | Promise<Result>) {
  const server = createServer(async socket => {
    const [cwd = '', ...args] = await readWords(socket)
    const { exitCode, stdout, stderr } = await run(args, cwd)
    socket.end(`${exitCode}\n${stderr}\0${stdout}`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const script = `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 255
printf '%s\\0' "$#" "$PWD" "$@" >&3
read -r code <&3
IFS= read -r -d '' errors <&3
printf %s "$errors" >&2
cat <&3
exit "$code"
`
  return { script, close: () => new Promise(closed => server.close(closed)) }
}

/** The words after their number, which counts all but the directory. Each ends with a zero byte. */
async function readWords(socket: Socket): Promise<string[]> {
  let text = ''
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk
    const [count, ...words] = text.split('\0')
    if (words.length > Number(count) + 1) return words.slice(0, -1)
  }
  throw new Error('A command ended before its last argument')
}
