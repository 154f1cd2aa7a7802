import { expect, it } from 'vitest'
import { startChecksum } from '../../s3/checksum.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

// Check values from the catalogue of CRC algorithms: https://reveng.sourceforge.io/crc-catalogue/
it.each([
  ['CRC-32', 'crc32', 'cbf43926'],
  ['CRC-32C', 'crc32c', 'e3069283'],
  ['CRC-64/NVME', 'crc64nvme', 'ae8b14860a799888'],
] as const)('%s has its check value, computed at once or in pieces', async (_, algorithm, check) => {
  const whole = startChecksum(algorithm)
  whole.update(Buffer.from('123456789'))
  expect(hex(await whole.digest())).toBe(check)
  const pieces = startChecksum(algorithm)
  for (const digit of '123456789') pieces.update(Buffer.from(digit))
  expect(hex(await pieces.digest())).toBe(check)
})
