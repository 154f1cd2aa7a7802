import { readdirSync, readFileSync } from 'node:fs'

/** Finds the process that runs the build function: the ancestor with Lambda's variables. */
export function findRunner() {
  const processes = new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(pid => {
        try {
          const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
          const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
          const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
          return [[Number(pid), { parent, env: Object.fromEntries(lines.map(line => line.split(/=(.*)/s))) }]]
        } catch {
          return []
        }
      }),
  )
  for (let pid = process.ppid; pid > 1; pid = processes.get(pid)?.parent ?? 0) {
    const env = processes.get(pid)?.env
    if (env?.AWS_LAMBDA_FUNCTION_NAME) return { pid, env }
  }
  throw new Error('No ancestor process has AWS_LAMBDA_FUNCTION_NAME')
}
