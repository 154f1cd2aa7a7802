import { crc32 } from 'node:zlib'

/** An incremental CRC; `digest` returns its bytes, most significant first. */
export type Crc = { update(bytes: Uint8Array): void; digest(): Buffer }

/** The CRC-32 of zip and Ethernet. */
export function startCrc32(): Crc {
  let value = 0
  return {
    update: bytes => {
      value = crc32(bytes, value)
    },
    digest: () => bigEndian(value),
  }
}

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

/** CRC-32C, with Castagnoli's polynomial (RFC 3720). */
export function startCrc32c(): Crc {
  let value = 0xffffffff
  return {
    update: bytes => {
      for (const byte of bytes) value = (CRC32C_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
    },
    digest: () => bigEndian(~value),
  }
}

// The 64 bits are kept as two halves: BigInt would be tens of times slower.
const NVME_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n
  return value
})
const NVME_HIGH = Uint32Array.from(NVME_TABLE, value => Number(value >> 32n))
const NVME_LOW = Uint32Array.from(NVME_TABLE, value => Number(value & 0xffffffffn))

/** CRC-64/NVME (NVM Express command set specification). */
export function startCrc64nvme(): Crc {
  let high = 0xffffffff
  let low = 0xffffffff
  return {
    update: bytes => {
      for (const byte of bytes) {
        const slot = (low ^ byte) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ (NVME_LOW[slot] ?? 0)
        high = (high >>> 8) ^ (NVME_HIGH[slot] ?? 0)
      }
    },
    digest: () => Buffer.concat([bigEndian(~high), bigEndian(~low)]),
  }
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}
