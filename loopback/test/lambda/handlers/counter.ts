let calls = 0
let running = 0

type Context = { awsRequestId: string; getRemainingTimeInMillis(): number }

/** Counts calls in module state, which lasts as long as the sandbox. */
export async function count(event: unknown, context: Context) {
  console.log(`call ${++calls}`)
  return { calls, event, pid: process.pid, context, remaining: context.getRemainingTimeInMillis() }
}

/** Takes 200 ms, and returns how many events its sandbox ran concurrently. */
export async function slow() {
  running++
  await new Promise(resolve => setTimeout(resolve, 200))
  return { pid: process.pid, concurrent: running-- }
}

export const environment = async () => ({ ...process.env })

export const nothing = async () => {}
