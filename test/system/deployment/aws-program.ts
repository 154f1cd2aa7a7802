import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type Account, runStandIn } from './aws-stand-in.ts'

/** The program `aws`: a script that has the test's process run its command. A deploy starts it many times. */
export const awsProgram = (port: number) => `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 255
printf '%s\\0' "$#" "$@" >&3
read -r code <&3
IFS= read -r -d '' errors <&3
printf %s "$errors" >&2
cat <&3
exit "$code"
`

/** Runs the commands of `aws` in an account, until it is closed. */
export async function serveStandIn(account: Account) {
  const server = createServer(async socket => {
    const { exitCode, stdout, stderr } = runStandIn(account, await readArguments(socket))
    socket.end(`${exitCode}\n${stderr}\0${stdout}`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return { port, close: () => new Promise(closed => server.close(closed)) }
}

/** Their number comes first. Each ends with a zero byte. */
async function readArguments(socket: Socket): Promise<string[]> {
  let text = ''
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk
    const [count, ...args] = text.split('\0')
    if (args.length > Number(count)) return args.slice(0, -1)
  }
  throw new Error('A command of `aws` ended before its last argument')
}
