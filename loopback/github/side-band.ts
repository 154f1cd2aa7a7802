/** The bands of data and of messages. https://git-scm.com/docs/gitprotocol-capabilities#_side_band_side_band_64k */
const [DATA, MESSAGES] = [1, 2]
/** The hexadecimal digits of the length that begins a packet. https://git-scm.com/docs/gitprotocol-common#_pkt_line_format */
const LENGTH_BYTES = 4
const LENGTH = /^[0-9a-f]{4}$/i
const NOTHING = Buffer.alloc(0)

/**
 * Passes on git's answer to a push except its last packet, so that messages for the client can precede it, like those of a hook: the client
 * prints them as `remote: …`. An answer without packets is passed on unchanged.
 */
export class SideBand {
  /** The part of a packet's length that has arrived. */
  #header = NOTHING
  /** Remaining bytes of the packet. */
  #left = 0
  /** The first byte of the first packet: its band, if the client has requested side bands. */
  #band: number | null = null
  /** `end`: the last packet, which has no length (`0000`), is held back. `raw`: not an answer of packets. */
  #state: 'packets' | 'end' | 'raw' = 'packets'

  /** Returns what can be sent now. */
  push(chunk: Uint8Array): Buffer {
    const sent: Uint8Array[] = []
    for (let at = 0; at < chunk.length; ) {
      if (this.#state !== 'packets') {
        sent.push(this.#header, chunk.subarray(at))
        this.#header = NOTHING
        this.#state = 'raw'
        break
      }
      const part = chunk.subarray(at, at + (this.#left || LENGTH_BYTES - this.#header.length))
      at += part.length
      if (this.#left > 0) {
        this.#band ??= part[0] ?? null
        this.#left -= part.length
        sent.push(part)
      } else sent.push(this.#readLength(part))
    }
    return Buffer.concat(sent)
  }

  /** Returns a length if it is complete and not the last one. */
  #readLength(part: Uint8Array): Buffer {
    this.#header = Buffer.concat([this.#header, part])
    if (this.#header.length < LENGTH_BYTES) return NOTHING
    const header = this.#header
    const text = header.toString('latin1')
    const length = LENGTH.test(text) ? Number.parseInt(text, 16) : null
    if (length === 0) this.#state = 'end'
    else if (length === null) this.#state = 'raw'
    if (length === 0) return NOTHING
    this.#header = NOTHING
    // Lengths below that of the length itself mean packets without content.
    this.#left = Math.max(0, (length ?? 0) - LENGTH_BYTES)
    return header
  }

  /** Whether the client has requested side bands, and gets messages. Known once the whole answer was pushed. */
  get isOpen(): boolean {
    return this.#state === 'end' && (this.#band === DATA || this.#band === MESSAGES)
  }

  /** Returns the rest of the answer, with these messages. */
  end(lines: readonly string[]): Buffer {
    return Buffer.concat([...(this.isOpen ? lines.map(packetOf) : []), this.#header])
  }
}

/** Clients print each line after `remote: `. */
function packetOf(line: string): Buffer {
  const body = Buffer.from(`${line}\n`)
  const length = (LENGTH_BYTES + 1 + body.length).toString(16).padStart(LENGTH_BYTES, '0')
  return Buffer.concat([Buffer.from(length), Buffer.of(MESSAGES), body])
}
