import { expect, test } from 'vitest'
import { OpenResources } from '../open-resources.ts'

const open = (resources: OpenResources, closed: string[]) => (name: string) =>
  resources.add(name, async each => {
    closed.push(each)
    if (each.startsWith('bad')) throw new Error(each)
  })

test('resources are closed once, newest first, unless they are kept', async () => {
  const closed: string[] = []
  const resources = new OpenResources()
  expect(['a', 'b'].map(open(resources, closed))).toEqual(['a', 'b'])
  await resources[Symbol.asyncDispose]()
  await resources[Symbol.asyncDispose]()
  expect(closed).toEqual(['b', 'a'])

  const kept = new OpenResources()
  open(kept, closed)('c')
  kept.keep()
  await kept[Symbol.asyncDispose]()
  expect(closed).toEqual(['b', 'a'])
})

test('what cannot be closed keeps nothing else open, and is reported', async () => {
  const closed: string[] = []
  const resources = new OpenResources()
  for (const name of ['a', 'bad 1', 'b', 'bad 2']) open(resources, closed)(name)
  await expect(resources[Symbol.asyncDispose]()).rejects.toThrow('bad 2')
  expect(closed).toEqual(['bad 2', 'b', 'bad 1', 'a'])
})
