/** Noise that contains a space or a line break: an index of 256. */
export const WHITE_SPACE = new Uint8Array(256)
for (const byte of Buffer.from('\t\n ')) WHITE_SPACE[byte] = 1
