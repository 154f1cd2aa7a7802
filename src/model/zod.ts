import * as z from 'zod'

// By default, zod compiles each schema to code when it is first used. That takes longer than everything that a function's process ever
// parses with it.
z.config({ jitless: true })

export { z }
