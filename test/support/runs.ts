/** The number of runs of a property: a quarter of them in `npm test`, and all in `npm run test:long`. */
export const runs = (all: number): { numRuns: number } => ({
  numRuns: process.env.LAMBCI_ALL_RUNS ? all : Math.ceil(all / 4),
})
