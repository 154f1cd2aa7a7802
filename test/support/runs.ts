/** How often a property is tried with other values: a quarter in `npm test`, which is run often, and all in `npm run test:long`. */
export const runs = (all: number): { numRuns: number } => ({
  numRuns: process.env.LAMBCI_ALL_RUNS ? all : Math.ceil(all / 4),
})
