import { expect, it } from 'vitest'
import { startCrc32, startCrc32c, startCrc64nvme } from '../../s3/crc.ts'

// Check values from the catalogue of CRC algorithms: https://reveng.sourceforge.io/crc-catalogue/
it.each([
  ['CRC-32', startCrc32, 'cbf43926'],
  ['CRC-32C', startCrc32c, 'e3069283'],
  ['CRC-64/NVME', startCrc64nvme, 'ae8b14860a799888'],
])('%s has its check value, computed at once or in pieces', (_, start, check) => {
  const whole = start()
  whole.update(Buffer.from('123456789'))
  expect(whole.digest().toString('hex')).toBe(check)
  const pieces = start()
  for (const digit of '123456789') pieces.update(Buffer.from(digit))
  expect(pieces.digest().toString('hex')).toBe(check)
})
