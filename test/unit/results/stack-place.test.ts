import { expect, test } from 'vitest'
import { placeIn } from '../../../src/results/stack-place.ts'

const FILES = new Set(['test/cart.test.ts', 'src/my cart.py', 'cart_test.go', 'Cart.php'])
const toPath = (written: string) => {
  const path = written.replace(/^\/repo\//, '')
  return FILES.has(path) ? path : null
}

test.each<[string, string, string | null, number | null]>([
  [
    'V8',
    'Error: x\n    at f (node_modules/a.js:1:1)\n    at g (/repo/test/cart.test.ts:7:12)',
    'test/cart.test.ts',
    7,
  ],
  ['an anonymous frame', '    at /repo/test/cart.test.ts:9:1', 'test/cart.test.ts', 9],
  ['a file URL', 'at file:///repo/test/cart.test.ts:3:4', 'test/cart.test.ts', 3],
  ['Vitest', ' ❯ test/cart.test.ts:6:25', 'test/cart.test.ts', 6],
  ['pytest', '/usr/lib/a.py:126: in f\ntest/cart.test.ts:13: AssertionError', 'test/cart.test.ts', 13],
  ['Python', '  File "/repo/src/my cart.py", line 12, in f', 'src/my cart.py', 12],
  ['Go', '    cart_test.go:10: total(2, 3) = 5', 'cart_test.go', 10],
  ['PHPUnit', 'CartTest::testX\n\n/repo/Cart.php:33', 'Cart.php', 33],
  ['nothing of the commit', 'at other.js:1:1\nhttp://localhost:8080', null, null],
  ['no text', '', null, null],
])('the place that %s writes', (_, text, file, line) => {
  expect(placeIn(text, toPath)).toEqual(file === null ? null : { file, line })
})

test('long lines take little time', () => {
  const before = performance.now()
  expect(placeIn(`${'a.b('.repeat(100_000)}\n`.repeat(20), toPath)).toBeNull()
  expect(performance.now() - before).toBeLessThan(2000)
})
