import { expect, test } from 'vitest'
import { BuildWatcher } from '../../../src/cli/commands/build-watcher.ts'
import { describeBegin } from '../../../src/cli/commands/local-text.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { makeBuild, reportOf } from '../../support/records.ts'

const plain = (_: unknown, text: string) => text

test('every build but the example is begun once, also if it has begun before anybody listens', async () => {
  const [store, watcher, begun] = [openMemoryStore(), new BuildWatcher(), [] as number[]]
  const write = async (number: number, name: 'build' | 'report') => {
    const build = makeBuild({ number })
    const key = buildKeys(build)[name]
    await store.put(key, JSON.stringify(name === 'build' ? build : reportOf()), 'application/json')
    await watcher.onWrite(store, key)
  }
  await write(7, 'build')
  await write(8, 'build')
  watcher.onBegin(({ number }) => begun.push(number), makeBuild({ number: 7 }))
  expect(begun).toEqual([8])
  await write(8, 'report')
  await write(9, 'build')
  await write(9, 'build')
  // Of an earlier start: only its report is written now.
  await store.put(
    buildKeys(makeBuild({ number: 3 })).build,
    JSON.stringify(makeBuild({ number: 3 })),
    'application/json',
  )
  await write(3, 'report')
  expect(begun).toEqual([8, 9])
})

test('a build that begins is one line, whatever its branch is called', () => {
  const build = makeBuild({ trigger: 'push/\u001b[2Jtopic' })
  expect(describeBegin(build, 'http://127.0.0.1:4300/gh/ada/web/builds/7', plain)).toBe(
    '#7 of ada/web, push/\\x1b[2Jtopic: http://127.0.0.1:4300/gh/ada/web/builds/7',
  )
})
