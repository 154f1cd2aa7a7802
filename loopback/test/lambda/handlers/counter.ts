let calls = 0
let running = 0

type Context = { awsRequestId: string; getRemainingTimeInMillis(): number }

/** Counts in the module's state, which lives as long as its sandbox. */
export async function count(event: unknown, context: Context) {
  console.log(`call ${++calls}`)
  return { calls, event, pid: process.pid, context, remaining: context.getRemainingTimeInMillis() }
}

/** Takes a while, and tells how many events its sandbox had at once. */
export async function slow() {
  running++
  await new Promise(resolve => setTimeout(resolve, 200))
  return { pid: process.pid, atOnce: running-- }
}

export const environment = async () => ({ ...process.env })

export const nothing = async () => {}
