import { createHash } from 'node:crypto'
import { constantTimeEqual, sha256, sign, stringToSign } from '../sigv4/signature.ts'
import type { Authorization } from './authorization.ts'
import type { ChunkVerifier } from './chunked-body.ts'
import { Fault } from './faults.ts'

/** Each chunk's signature covers that of the previous chunk; the first covers the signature of the request. */
export function startChunkVerifier({ key, scope, signature: seed }: Authorization): ChunkVerifier {
  let previous = seed
  let hash = createHash('sha256')
  const verify = (kind: string, lines: string[], signature: string | undefined) => {
    const toSign = stringToSign(scope, [previous, ...lines], `AWS4-HMAC-SHA256-${kind}`)
    if (!signature || !constantTimeEqual(sign(key, toSign), signature))
      throw new Fault('SignatureDoesNotMatch')
    previous = signature
  }
  return {
    update: bytes => {
      hash.update(bytes)
    },
    endChunk: signature => {
      verify('PAYLOAD', [sha256(''), hash.digest('hex')], signature)
      hash = createHash('sha256')
    },
    endTrailer: (trailers, signature) => {
      const canonical = Array.from(trailers, ([name, value]) => `${name}:${value}\n`)
        .sort()
        .join('')
      verify('TRAILER', [sha256(canonical)], signature)
    },
  }
}
